/**
 * Sentences for `why` of a record's carrier: NotLoadable in libs/carrier, NoKsyms in libs/depot.
 */
const REASONS: Readonly<Record<string, string>> = {
  'no-kernel': 'only BTF was sent; send the kernel file or one of its modules',
  'no-vermagic': 'the kernel file does not contain its vermagic; send one of its modules',
  'no-crc':
    'the kernel checks symbol versions, and the CRC of module_layout is unknown; send one of its modules',
  'no-struct-module': 'the layout of struct module is unknown; send one of its modules',
  'randomised-structs': 'the kernel randomises its structures',
  'unknown-architecture': 'the depot makes no modules for this architecture yet',
  'not-tried': 'no kernel of this architecture has been tried with a carrier',
  'load-refused': "the kernel's loader would refuse the module",
  'no-vars': 'the kernel came without variables',
  'no-symbol-table': "the kernel's symbols are not known; send vmlinux or System.map",
  'foreign-symbols': 'the symbols are of another build',
  'no-markers': 'the symbols do not show which memory the kernel frees after boot',
  'no-kallsyms-all': 'the kernel finds no variable by name (CONFIG_KALLSYMS_ALL is off)',
  'no-ksyms': 'none of its variables is safe for BPF programs',
  'ksyms-refused': 'the verifier of this kernel version refuses the BTF of its ksyms',
};

/** The sentence for a reason; for a reason of a newer depot, its code. */
export function carrierReason(why: string): string {
  return Object.hasOwn(REASONS, why) ? REASONS[why] : why;
}
