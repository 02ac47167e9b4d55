import type { KernelSymbol } from './kernel-symbols.ts';
import { symbolsNamed } from './ksyms-symbols.ts';

/** Addresses from `start` up to `end`. */
export interface MemoryRange {
  readonly start: bigint;
  readonly end: bigint;
}

/**
 * Memory of the image that a running kernel frees, unmaps or moves: pairs of the linker script's
 * symbols. Each is left out wherever its symbols are, whatever the architecture.
 */
const LOST: readonly (readonly [start: string, end: string])[] = [
  // free_initmem, every architecture.
  ['__init_begin', '__init_end'],
  // x86: free_init_pages of alternatives_smp_module_del on a machine with one processor.
  ['__smp_locks', '__smp_locks_end'],
  // x86: mem_encrypt_free_decrypted_mem.
  ['__start_bss_decrypted_unused', '__end_bss_decrypted'],
  // arm64: paging_init.
  ['init_pg_dir', 'init_pg_end'],
  // arm64: taken from the host by a protected hypervisor (arch/arm64/kvm/arm.c).
  ['__hyp_bss_start', '__hyp_bss_end'],
  ['__hyp_data_start', '__hyp_data_end'],
  ['__hyp_rodata_start', '__hyp_rodata_end'],
  // s390: relocate_amode31_section moves it.
  ['_samode31', '_eamode31'],
];

const LAST_ADDRESS = (1n << 64n) - 1n;

/**
 * The ranges of one kernel. What comes after `_end` is scratch memory of the boot and belongs to
 * no one afterwards: x86 unmaps it (cleanup_highmap; `sme_workarea` in `.init.scratch`). What comes
 * before `_text` is no memory of the image: offsets of per-CPU variables, and sections of a file.
 */
export function lostMemory(symbols: readonly KernelSymbol[]): MemoryRange[] {
  const bounds = symbolsNamed(symbols, new Set(['_text', '_end', ...LOST.flat()]));
  const [text, end] = [bounds.get('_text'), bounds.get('_end')];
  const outside = [
    ...(text ? [{ start: 0n, end: text.address }] : []),
    ...(end ? [{ start: end.address, end: LAST_ADDRESS }] : []),
  ];
  const ranges = LOST.flatMap(([from, to]) => {
    const start = bounds.get(from)?.address;
    const end = bounds.get(to)?.address;
    return start !== undefined && end !== undefined && start < end ? [{ start, end }] : [];
  });
  return [...outside, ...ranges];
}
