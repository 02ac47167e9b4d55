import type { Elf } from '@btf-depot/elf';

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
 * no one afterwards: x86 unmaps it (cleanup_highmap; `sme_workarea` in `.init.scratch`).
 */
export function lostMemory(kernel: Elf): MemoryRange[] {
  const end = kernel.symbol('_end');
  const behind = end ? [{ start: end.value, end: LAST_ADDRESS }] : [];
  const ranges = LOST.flatMap(([from, to]) => {
    const start = kernel.symbol(from);
    const end = kernel.symbol(to);
    return start && end && start.value < end.value ? [{ start: start.value, end: end.value }] : [];
  });
  return [...behind, ...ranges];
}
