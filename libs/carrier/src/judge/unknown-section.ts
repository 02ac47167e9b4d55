import { FormatError } from '@btf-depot/bytes';

/**
 * Sections of kernel modules that make something run or change, most of them without being
 * executable (include/asm-generic/vmlinux.lds.h, kernel/module/main.c, arch/x86/kernel/module.c).
 * For messages only: every section that is not on a list of allowed ones is refused, known or not.
 */
const EFFECTS: readonly (readonly [name: RegExp, effect: string])[] = [
  [/^\.(alt|return_sites|retpoline_sites|call_sites|ibt_endbr|smp_locks)/, 'code is patched by it'],
  [/^\.(static_call|para)|^__jump_table$|^__bug_table$/, 'code is patched by it'],
  [/^\.(init_array|ctors|fini_array|dtors)/, 'the kernel calls what it lists'],
  [/^__param$/, 'the kernel calls what it lists when a parameter is set'],
  [/^(__ksymtab|__kcrctab)/, 'it exports symbols to other modules'],
  [
    /^(_ftrace_events|__tracepoints|__bpf_raw_tp|__trace_)/,
    'it adds trace events, which are called',
  ],
  [/^\.klp\./, 'the kernel patches itself by it'],
  [/^(__ex_table|\.fixup)/, 'the kernel jumps to what it lists'],
  [/^(__mcount_loc|__patchable_function_entries|\.orc_unwind|__kcfi_traps)/, 'it describes code'],
  [/^\.(text|init\.text|exit\.text)/, 'it is for code'],
  [/^\.rela?/, 'it holds relocations'],
  [/^\.data\.\.percpu/, 'it makes the kernel reserve memory for each CPU'],
];

/** FormatError `carrier-section` for a section that does not belong in a carrier. */
export function unknownSection(name: string): FormatError {
  const effect = EFFECTS.find(([pattern]) => pattern.test(name))?.[1] ?? 'no carrier has it';
  return new FormatError('carrier-section', effect, { section: name });
}
