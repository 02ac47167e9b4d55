import { SectionFlag, SectionType, type Elf, type ElfSection } from '@btf-depot/elf';

/** The sections of variables in a linked file, by address. */
export class AddressMap {
  readonly #sections: readonly ElfSection[];
  readonly #starts: BigUint64Array;

  constructor({ sections }: Elf) {
    this.#sections = sections
      .filter(({ type, flags, size }) => {
        const hasContent = type === SectionType.PROGBITS || type === SectionType.NOBITS;
        return hasContent && (flags & SectionFlag.ALLOC) !== 0 && size > 0;
      })
      .sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
    this.#starts = BigUint64Array.from(this.#sections, ({ address }) => address);
  }

  /** The section that contains the address; of overlapping ones, the last to start. */
  at(address: bigint): ElfSection | undefined {
    const starts = this.#starts;
    let low = 0;
    let high = starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (starts[middle] <= address) low = middle + 1;
      else high = middle;
    }
    const section = low > 0 ? this.#sections[low - 1] : undefined;
    const inside = section && address - section.address < BigInt(section.size);
    return inside ? section : undefined;
  }
}
