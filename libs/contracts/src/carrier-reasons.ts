/** `why` of a record's carrier, in words: NotLoadable in libs/carrier, NoKsyms in libs/depot. */
const REASONS: Readonly<Record<string, string>> = {
  'no-kernel': 'only BTF was sent: send the kernel file, or one of its modules',
  'no-vermagic': 'the kernel file does not say its vermagic: send one of its modules',
  'no-crc': 'the kernel checks symbol versions: send one of its modules',
  'no-struct-module': 'the layout of struct module is not known: send one of its modules',
  'randomised-structs': 'the kernel randomises its structures',
  'unknown-architecture': 'the depot makes no modules for this architecture yet',
  'not-tried': 'nobody has seen a kernel of this architecture load one',
  'load-refused': "the kernel's loader would refuse the module",
  'no-vars': 'the kernel came without variables',
  'no-symbol-table': "the kernel's symbols are not known; send vmlinux or System.map",
  'foreign-symbols': 'the symbols are of another build',
  'no-markers': 'the symbols do not say which memory the kernel frees after boot',
  'no-kallsyms-all': 'the kernel finds no variable by name (CONFIG_KALLSYMS_ALL is off)',
  'no-ksyms': 'no variable can be one',
  'ksyms-refused': 'the verifier of this kernel version refuses them',
};

/** The sentence for a reason; of a reason that only a newer depot knows, its code. */
export function carrierReason(why: string): string {
  return Object.hasOwn(REASONS, why) ? REASONS[why] : why;
}
