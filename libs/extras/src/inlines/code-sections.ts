import type { AddressSpace } from '@btf-depot/dwarf';
import { SectionFlag, type Elf, type ElfSection } from '@btf-depot/elf';

/** The code sections of a linked file. */
export class CodeSections {
  readonly all: readonly ElfSection[];
  readonly #begins: readonly number[];
  readonly #sizes: readonly number[];

  constructor({ sections }: Elf, space: AddressSpace) {
    const wanted = SectionFlag.ALLOC | SectionFlag.EXECINSTR;
    this.all = sections.filter(({ flags }) => (flags & wanted) === wanted);
    this.#sizes = this.all.map(({ size }) => size);
    this.#begins = this.all.map(({ address }) => space.of(address));
  }

  /** The index in `all` of the section that contains an address, -1 for none. */
  at(address: number): number {
    const begins = this.#begins;
    for (let place = 0; place < begins.length; place++) {
      const offset = address - begins[place];
      if (offset >= 0 && offset < this.#sizes[place]) return place;
    }
    return -1;
  }

  /** Bytes from the section's start. */
  offset(section: number, address: number): number {
    return address - this.#begins[section];
  }
}
