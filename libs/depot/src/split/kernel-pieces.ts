import { bytesSource, type Source } from '@btf-depot/bytes';
import { mergeBtf, parseBtf } from '@btf-depot/btf';
import { readElf, reduceElf, type FileRange } from '@btf-depot/elf';
import { kallsymsRange } from '@btf-depot/extras';
import { DepotError } from '../errors.ts';
import { splitKernel, type KernelParts, type SplitOptions } from './split-kernel.ts';

/** The pieces to send of a kernel that was split locally. */
export interface KernelPieces {
  /** The kernel's ELF file with only the parts that the depot reads. */
  kernel: Uint8Array;
  /** Core and variables in one; absent if the kernel's own BTF has everything. */
  full?: Uint8Array | undefined;
  /** The depot's result for them. */
  parts: KernelParts;
  /** Why the kernel has no variables: the pieces do not show it. */
  withoutVars?: KernelParts['withoutVars'];
}

interface PiecesInput {
  /** An ELF file. */
  kernel: Source;
  full?: Source | undefined;
  module?: Source | undefined;
}

/**
 * Splits a kernel locally, and returns the pieces from which a depot gets the same parts: megabytes
 * instead of hundreds. The depot trusts them no more than any upload: they are a kernel and its
 * full BTF.
 *
 * @throws DepotError as `splitKernel` does.
 */
export function kernelPieces(input: PiecesInput, options: SplitOptions): KernelPieces {
  const found = splitKernel(input, options);
  const full = fullOf(found, readElf(input.kernel).filled('.BTF') !== undefined);
  // Every byte of the kernel that is read now, the depot will read.
  const { source, ranges } = recording(input.kernel);
  const sent = { kernel: source, full: full ? bytesSource(full) : input.full };
  const ignoresDwarf = full !== undefined;
  const encoded = found.core.encoded?.rules;
  const parts = splitKernel({ ...input, ...sent }, { ...options, encoded, ignoresDwarf });
  if (sums(parts) !== sums(found)) {
    throw new DepotError('internal', 'the pieces would not give what the kernel gives');
  }
  return {
    kernel: reduceElf(input.kernel, neededOf(input.kernel, ranges)),
    full,
    parts,
    withoutVars: found.withoutVars,
  };
}

function fullOf({ core, vars }: KernelParts, hasBtf: boolean): Uint8Array | undefined {
  if (hasBtf && (!vars || vars.origin === 'partition')) return undefined;
  if (!vars) return core.bytes;
  return mergeBtf(parseBtf(vars.bytes, { base: parseBtf(core.bytes) }));
}

/**
 * The search for kallsyms reads its whole section, of which it is about half. A kernel without a
 * symbol table is searched for its release there too.
 */
function neededOf(kernel: Source, ranges: readonly FileRange[]): readonly FileRange[] {
  const elf = readElf(kernel);
  const found = elf.symbols.length > 0 ? kallsymsRange(elf) : undefined;
  if (!found) return ranges;
  const { section, tables } = found;
  const isSearch = ({ offset, length }: FileRange) =>
    offset === section.offset && length === section.size;
  return [...ranges.filter((range) => !isSearch(range)), tables];
}

/** A source that records which ranges are read. */
function recording(source: Source): { source: Source; ranges: FileRange[] } {
  const ranges: FileRange[] = [];
  const read = (offset: number, length: number): Uint8Array => {
    ranges.push({ offset, length });
    return source.read(offset, length);
  };
  return { source: { size: source.size, read }, ranges };
}

function sums({ core, vars, ksyms }: KernelParts): string {
  return [core, vars, ksyms].map((part) => part?.sha256 ?? '').join(' ');
}
