import { FormatError } from '@btf-depot/bytes';
import type { KernelImage } from './kernel-symbols.ts';
import { symbolsNamed, type NamedSymbol } from './ksyms-symbols.ts';

/** Addresses from `start` up to `end`. */
export interface MemoryRange {
  readonly start: bigint;
  readonly end: bigint;
}

interface LostRange {
  /** Symbols of the linker script. */
  readonly start: string;
  readonly end: string;
  /** Architectures whose kernels always have both, whatever their configuration. */
  readonly always: RegExp;
}

const EVERYWHERE = /^/;
const DEPENDS = /(?!)/;

/** Memory of the image that a running kernel frees, unmaps or moves. */
const LOST: readonly LostRange[] = [
  // free_initmem.
  { start: '__init_begin', end: '__init_end', always: EVERYWHERE },
  // free_init_pages of alternatives_smp_module_del on a machine with one processor.
  { start: '__smp_locks', end: '__smp_locks_end', always: /^(x86_64|i386)$/ },
  // x86: mem_encrypt_free_decrypted_mem.
  { start: '__start_bss_decrypted_unused', end: '__end_bss_decrypted', always: DEPENDS },
  // paging_init.
  { start: 'init_pg_dir', end: 'init_pg_end', always: /^aarch64$/ },
  // arm64: taken from the host by a protected hypervisor (arch/arm64/kvm/arm.c).
  { start: '__hyp_bss_start', end: '__hyp_bss_end', always: DEPENDS },
  { start: '__hyp_data_start', end: '__hyp_data_end', always: DEPENDS },
  { start: '__hyp_rodata_start', end: '__hyp_rodata_end', always: DEPENDS },
  // s390: relocate_amode31_section moves it.
  { start: '_samode31', end: '_eamode31', always: DEPENDS },
];

const LAST_ADDRESS = (1n << 64n) - 1n;

/**
 * The ranges of one kernel. What comes after `_end` is scratch memory of the boot and belongs to
 * no one afterwards: x86 unmaps it (cleanup_highmap; `sme_workarea` in `.init.scratch`). What comes
 * before `_text` is no memory of the image: offsets of per-CPU variables, and sections of a file.
 *
 * Throws FormatError `symbols-markers` where a marker is missing that such a kernel has, is there
 * twice, or they are out of order: then nothing says what memory is safe.
 */
export function lostMemory({ symbols, arch }: KernelImage): MemoryRange[] {
  const names = ['_text', '_end', ...LOST.flatMap(({ start, end }) => [start, end])];
  const found = symbolsNamed(symbols, new Set(names));
  const image = rangeOf(found, { start: '_text', end: '_end', always: EVERYWHERE }, arch);
  if (!image) return [];
  const ranges = LOST.flatMap((markers) => rangeOf(found, markers, arch) ?? []);
  const outside = ranges.find(({ start, end }) => start < image.start || end > image.end);
  if (outside) throw wrong(`memory at ${hex(outside.start)} is lost, which is not in the image`);
  return [
    { start: 0n, end: image.start },
    { start: image.end, end: LAST_ADDRESS },
    ...ranges.filter(({ start, end }) => start < end),
  ];
}

function rangeOf(
  found: ReadonlyMap<string, NamedSymbol>,
  markers: LostRange,
  arch: string | undefined,
): MemoryRange | undefined {
  const [start, end] = [found.get(markers.start), found.get(markers.end)];
  if (!start && !end && !markers.always.test(arch ?? '')) return undefined;
  for (const [name, symbol] of [
    [markers.start, start],
    [markers.end, end],
  ] as const) {
    if (symbol?.count !== 1) throw wrong(`${name} is there ${symbol?.count ?? 0} times`);
  }
  if (!start || !end) return undefined;
  if (start.address > end.address) throw wrong(`${markers.start} is behind ${markers.end}`);
  return { start: start.address, end: end.address };
}

function wrong(message: string): FormatError {
  return new FormatError('symbols-markers', message);
}

function hex(address: bigint): string {
  return `0x${address.toString(16)}`;
}
