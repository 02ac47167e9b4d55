import { FormatError } from '@btf-depot/bytes';
import type { KernelSymbol } from './kernel-symbols.ts';
import { symbolsNamed } from './ksyms-symbols.ts';

/** The share of the kernel's symbols that its map must have. Real maps have all of them. */
const COVERAGE = 0.9;

/** The symbol that shows how far a running kernel was moved: kallsyms always has it. */
const ANCHOR = '_stext';

/**
 * Compares a map with the kernel's own symbols: no name may be at another place than in the kernel.
 * All addresses may be shifted by one distance, as in a running kernel.
 *
 * Throws FormatError `symbols-foreign` with the first name at another place.
 */
export function checkMap(map: readonly KernelSymbol[], own: readonly KernelSymbol[]): void {
  const ours = symbolsNamed(own, { has: () => true });
  const theirs = symbolsNamed(map, ours);
  const [from, to] = [ours.get(ANCHOR), theirs.get(ANCHOR)];
  if (!from || !to) throw foreign(`it does not say where ${ANCHOR} is`);
  const shift = to.address - from.address;
  let shared = 0;
  for (const [name, { address, count }] of ours) {
    const other = theirs.get(name);
    if (!other) continue;
    shared++;
    if (count !== 1 || other.count !== 1) continue;
    // Offsets of per-CPU variables, and absolute symbols, are not shifted.
    if (other.address !== address + shift && other.address !== address) {
      throw foreign(
        `it has ${name} at ${hex(other.address - shift)}, the kernel at ${hex(address)}`,
      );
    }
  }
  if (shared < ours.size * COVERAGE) {
    throw foreign(`it has ${shared} of the kernel's ${ours.size} names`);
  }
}

function foreign(message: string): FormatError {
  return new FormatError('symbols-foreign', `not the map of this kernel: ${message}`);
}

function hex(address: bigint): string {
  return `0x${BigInt.asUintN(64, address).toString(16)}`;
}
