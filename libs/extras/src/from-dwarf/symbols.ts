import { SectionFlag, SymbolType, type Elf } from '@btf-depot/elf';
import type { Place } from '../variables/variables.ts';

/** The place of a symbol that C only declares. */
export type SymbolPlace = Omit<Place, 'size'>;

/**
 * Variables that C only declares and that the linker script or assembly defines, by name: defined
 * data symbols in the running image. A name with several symbols is left out, because it does not
 * tell which one is meant.
 */
export function symbolPlaces(elf: Elf, names: ReadonlySet<string>): Map<string, SymbolPlace> {
  const places = new Map<string, SymbolPlace>();
  if (names.size === 0) return places;
  const several = new Set<string>();
  const { symbols, sections } = elf;
  for (let index = 1; index < symbols.length; index++) {
    const type = symbols.type(index);
    if (type !== SymbolType.OBJECT && type !== SymbolType.NOTYPE) continue;
    const section = sections[symbols.section(index)];
    if (section === undefined || (section.flags & SectionFlag.ALLOC) === 0) continue;
    const name = symbols.name(index);
    if (!names.has(name)) continue;
    const offset = symbols.value(index) - section.address;
    if (offset < 0n || offset >= BigInt(section.size)) continue;
    if (places.has(name)) several.add(name);
    places.set(name, { section: section.name, offset: Number(offset) });
  }
  for (const name of several) places.delete(name);
  return places;
}

/**
 * Names of the data symbols at address 0, where per-CPU variables of x86 start before Linux 6.15.
 * Variables of discarded sections have that address too, but no symbol.
 */
export function namesAtZero({ symbols }: Elf): Set<string> {
  const names = new Set<string>();
  for (let index = 1; index < symbols.length; index++) {
    if (symbols.type(index) !== SymbolType.OBJECT || symbols.value(index) !== 0n) continue;
    names.add(symbols.name(index));
  }
  return names;
}

/** Data symbols by address, for variables whose location leaves open whether they exist. */
export class SymbolsByAddress {
  readonly #elf: Elf;
  #byAddress: Map<bigint, number[]> | undefined;

  constructor(elf: Elf) {
    this.#elf = elf;
  }

  /**
   * Whether a symbol of that size is there, under that name or one that clang derived from it
   * (`x.b`).
   */
  has(name: string, address: bigint, size: number): boolean {
    const { symbols } = this.#elf;
    const indexes = (this.#byAddress ??= dataByAddress(this.#elf)).get(address) ?? [];
    return indexes.some((index) => {
      const own = symbols.name(index);
      return symbols.size(index) === size && (own === name || own.startsWith(`${name}.`));
    });
  }
}

function dataByAddress({ symbols }: Elf): Map<bigint, number[]> {
  const found = new Map<bigint, number[]>();
  for (let index = 1; index < symbols.length; index++) {
    if (symbols.type(index) !== SymbolType.OBJECT) continue;
    const address = symbols.value(index);
    const others = found.get(address);
    if (others) others.push(index);
    else found.set(address, [index]);
  }
  return found;
}
