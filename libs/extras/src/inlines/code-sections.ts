import type { AddressSpace } from '@btf-depot/dwarf';
import { SectionFlag, type Elf, type ElfSection } from '@btf-depot/elf';

/** The sections of a linked file that code is in. */
export class CodeSections {
  readonly all: readonly ElfSection[];
  readonly #begins: readonly number[];

  constructor({ sections }: Elf, space: AddressSpace) {
    const wanted = SectionFlag.ALLOC | SectionFlag.EXECINSTR;
    this.all = sections.filter(({ flags }) => (flags & wanted) === wanted);
    this.#begins = this.all.map(({ address }) => space.of(address));
  }

  /** The place in `all` of the section that an address is in, -1 for none. */
  at(address: number): number {
    return this.#begins.findIndex(
      (begin, index) => address >= begin && address - begin < this.all[index].size,
    );
  }

  /** Bytes from the section's start. */
  offset(section: number, address: number): number {
    return address - this.#begins[section];
  }
}
