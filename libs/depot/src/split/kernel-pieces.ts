import { bytesSource, type Source } from '@btf-depot/bytes';
import { mergeBtf, parseBtf } from '@btf-depot/btf';
import { readElf, reduceElf, type FileRange } from '@btf-depot/elf';
import { kallsymsRange } from '@btf-depot/extras';
import { DepotError } from '../errors.ts';
import { splitKernel, type KernelParts, type SplitOptions } from './split-kernel.ts';

/** What has to be sent of a kernel that was split before. */
export interface KernelPieces {
  /** The kernel's ELF file with nothing in it but what the depot reads. */
  kernel: Uint8Array;
  /** Core and variables in one; absent where the kernel's own BTF has all there is. */
  full?: Uint8Array | undefined;
  /** What the depot makes of them. */
  parts: KernelParts;
}

interface PiecesInput {
  /** An ELF file. */
  kernel: Source;
  full?: Source | undefined;
  module?: Source | undefined;
}

/**
 * Splits a kernel here, and gives what lets a depot come to the very same parts without the rest of
 * the file: megabytes instead of hundreds. A depot need not trust them more than any upload: it gets
 * a kernel and its full BTF, and does with them what it always does.
 *
 * @throws DepotError as `splitKernel` does.
 */
export function kernelPieces(input: PiecesInput, options: SplitOptions): KernelPieces {
  const found = splitKernel(input, options);
  const full = fullOf(found, readElf(input.kernel).filled('.BTF') !== undefined);
  // Whatever of the kernel is read now, the depot will read.
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
  };
}

function fullOf({ core, vars }: KernelParts, hasBtf: boolean): Uint8Array | undefined {
  if (hasBtf && (!vars || vars.origin === 'partition')) return undefined;
  if (!vars) return core.bytes;
  return mergeBtf(parseBtf(vars.bytes, { base: parseBtf(core.bytes) }));
}

/**
 * Kallsyms is looked for in all of a section, and is some half of it. A kernel without a symbol
 * table is asked for its release there too.
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

/** A source that notes what is read of it. */
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
