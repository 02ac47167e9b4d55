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
  /** Architectures whose kernels always have both, in every configuration. */
  readonly always: RegExp;
}

const EVERYWHERE = /^/;
const DEPENDS = /(?!)/;

/** Memory of the image that a running kernel frees, unmaps or moves. */
const LOST: readonly LostRange[] = [
  // free_initmem.
  { start: '__init_begin', end: '__init_end', always: EVERYWHERE },
  // free_init_pages of alternatives_smp_module_del on a machine with one CPU.
  { start: '__smp_locks', end: '__smp_locks_end', always: /^(x86_64|i386)$/ },
  // x86: mem_encrypt_free_decrypted_mem.
  { start: '__start_bss_decrypted_unused', end: '__end_bss_decrypted', always: DEPENDS },
  // paging_init.
  { start: 'init_pg_dir', end: 'init_pg_end', always: /^aarch64$/ },
  // arm64: a protected hypervisor takes it from the host (arch/arm64/kvm/arm.c).
  { start: '__hyp_bss_start', end: '__hyp_bss_end', always: DEPENDS },
  { start: '__hyp_data_start', end: '__hyp_data_end', always: DEPENDS },
  { start: '__hyp_rodata_start', end: '__hyp_rodata_end', always: DEPENDS },
  // s390: relocate_amode31_section moves it.
  { start: '_samode31', end: '_eamode31', always: DEPENDS },
];

const LAST_ADDRESS = (1n << 64n) - 1n;

const INIT = LOST[0];

/** Also of the linker script: freed code, which every kernel has. */
const INIT_TEXT = ['_sinittext', '_einittext'] as const;

/**
 * Sections of freed memory. A linker script puts them into the init range; x86 has one
 * (`.init.scratch`) after `_end`.
 */
export const LOST_SECTION = /^\.(?:mem|cpu|dev)?(?:init|exit)(?:\.|$)/;

/**
 * The lost ranges of one kernel. Memory after `_end` is scratch for the boot, and unused
 * afterwards: x86 unmaps it (cleanup_highmap; `sme_workarea` in `.init.scratch`). Addresses below
 * `_text` are not in the image: offsets of per-CPU variables, and sections of a file.
 *
 * Throws FormatError `symbols-markers` if a marker that such a kernel has is missing or there
 * twice, if markers are out of order, or if the init range is empty or lacks its contents: then it
 * is unknown which memory is safe.
 */
export function lostMemory({ symbols, arch }: KernelImage): MemoryRange[] {
  const names = ['_text', '_end', ...INIT_TEXT, ...LOST.flatMap(({ start, end }) => [start, end])];
  const found = symbolsNamed(symbols, new Set(names));
  const image = rangeOf(found, { start: '_text', end: '_end', always: EVERYWHERE }, arch);
  if (!image) return [];
  const ranges = LOST.flatMap((markers) => rangeOf(found, markers, arch) ?? []);
  const outside = ranges.find(({ start, end }) => start < image.start || end > image.end);
  if (outside) throw wrong(`memory at ${hex(outside.start)} is lost, which is not in the image`);
  requireInit(found);
  return [
    { start: 0n, end: image.start },
    { start: image.end, end: LAST_ADDRESS },
    ...ranges.filter(({ start, end }) => start < end),
  ];
}

/** Every kernel frees memory: an empty range was made up, or cut. */
function requireInit(found: ReadonlyMap<string, NamedSymbol>): void {
  const [start, end] = [found.get(INIT.start)?.address, found.get(INIT.end)?.address];
  if (start === undefined || end === undefined) return;
  if (start === end) throw wrong(`${INIT.start} is ${INIT.end}: every kernel frees memory`);
  for (const name of INIT_TEXT) {
    const address = found.get(name)?.address;
    if (address === undefined || (address >= start && address <= end)) continue;
    throw wrong(`${name} at ${hex(address)} is not from ${INIT.start} up to ${INIT.end}`);
  }
}

/**
 * Checks sections by name and address against the lost ranges. Throws FormatError `symbols-markers`
 * if a freed section lies in none of them.
 */
export function requireLostSections(
  sections: ReadonlyMap<string, bigint>,
  lost: readonly MemoryRange[],
): void {
  for (const [name, address] of sections) {
    if (!LOST_SECTION.test(name)) continue;
    // An empty section may lie at the very end.
    if (lost.some(({ start, end }) => address >= start && address <= end)) continue;
    throw wrong(`section ${name} at ${hex(address)} is freed, and no symbols say so`);
  }
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
