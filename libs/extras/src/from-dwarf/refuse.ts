import { FormatError } from '@btf-depot/bytes';
import { At, Entry, Language, type Dwarf, type Unit } from '@btf-depot/dwarf';
import type { Elf } from '@btf-depot/elf';
import type { Variable } from '../variables/variables.ts';

/** Whether the build's seed shuffled the kernel's structures (CONFIG_RANDSTRUCT). */
export function isShuffled(elf: Elf): boolean {
  return textOf(elf, 'vermagic')?.includes('RANDSTRUCT_') === true;
}

/**
 * Throws FormatError `randstruct` for a unit of gcc in a kernel with shuffled structures: gcc's
 * plugin shuffles after the debug information was made, which still has the order of the source.
 */
export function refuseShuffled(dwarf: Dwarf, unit: Unit): void {
  const root = new Entry(dwarf.tables).read(unit, unit.header.firstEntry);
  if (unit.language === Language.MIPS_ASSEMBLER) return;
  if (root.string(At.PRODUCER)?.startsWith('GNU ') !== true) return;
  throw new FormatError(
    'randstruct',
    "the kernel's structures are shuffled (RANDSTRUCT), and gcc's debug information does not know it",
    { section: unit.header.section, offset: unit.header.offset },
  );
}

/**
 * Throws FormatError `randstruct` if the full BTF of a kernel must be wrong: pahole makes it from
 * debug information, which gcc's plugin does not shuffle. clang's is right.
 */
export function refuseShuffledFull(elf: Elf): void {
  if (!isShuffled(elf) || /\bclang version\b/.test(textOf(elf, 'linux_banner') ?? '')) return;
  throw new FormatError(
    'randstruct',
    "the kernel's structures are shuffled (RANDSTRUCT), and the debug information of gcc, which " +
      'this was made from, does not know it',
  );
}

/** The target of a text's symbol; undefined if there is none. */
function textOf(elf: Elf, name: string): string | undefined {
  const symbol = elf.symbol(name);
  const bytes = symbol && elf.bytesOf(symbol, Math.min(symbol.size, 4096));
  return bytes && Buffer.from(bytes).toString('latin1');
}

/**
 * Throws FormatError `foreign-core` if a variable is at another place in core than in DWARF: core
 * is of another build. Compares variables that both have once in a section by name (core's per-CPU
 * ones).
 */
export function checkSameBuild(ofCore: readonly Variable[], found: readonly Variable[]): void {
  const sections = new Set(ofCore.map(({ place }) => place?.section));
  const inCore = singleOffsets(ofCore);
  const here = singleOffsets(found.filter(({ place }) => sections.has(place?.section)));
  for (const [key, offset] of here) {
    const there = inCore.get(key);
    if (there === undefined || there === offset) continue;
    const [section, name] = key.split('\0');
    const message =
      `core is of another build: '${name}' is at offset ${there} of ${section} there, ` +
      `and at ${offset} here`;
    throw new FormatError('foreign-core', message);
  }
}

/** By section and name, for names that a section has at one offset only. */
function singleOffsets(variables: readonly Variable[]): Map<string, number> {
  const offsets = new Map<string, number>();
  const several = new Set<string>();
  for (const { name, place } of variables) {
    if (!place) continue;
    const key = `${place.section}\0${name}`;
    if ((offsets.get(key) ?? place.offset) !== place.offset) several.add(key);
    offsets.set(key, place.offset);
  }
  for (const key of several) offsets.delete(key);
  return offsets;
}
