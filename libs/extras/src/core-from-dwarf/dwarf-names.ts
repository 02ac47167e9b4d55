import type { BtfBuilder } from '@btf-depot/btf';
import { NOT_SAID, type TypeEntry } from '@btf-depot/dwarf';
import { REMEMBERED } from '../from-dwarf/types/core-index.ts';
import { ABSENT, NumberMap } from '../number-map.ts';

/** One number for each name: its string's offset in the new BTF, 0 for none. */
export class DwarfNames {
  readonly #builder: BtfBuilder;
  readonly #strings: Uint8Array;
  /** By offset in .debug_str + 1. */
  readonly #places = new NumberMap();
  /** Names of up to three bytes, which compilers write into the entry; by these bytes. */
  readonly #short = new NumberMap();

  constructor(builder: BtfBuilder, strings: Uint8Array) {
    this.#builder = builder;
    this.#strings = strings;
  }

  ofText(text: string): number {
    return this.#builder.string(text);
  }

  ofEntry({ nameAt, nameBytes }: TypeEntry): number {
    if (nameAt === NOT_SAID) return 0;
    return this.at(nameBytes, nameAt);
  }

  /** The name at an offset; it ends with NUL. */
  at(bytes: Uint8Array, place: number): number {
    if (bytes !== this.#strings) return this.#inEntry(bytes, place);
    const known = this.#places.get(place + 1);
    if (known !== ABSENT) return known;
    const name = this.#add(bytes, place);
    if (this.#places.size < REMEMBERED) this.#places.set(place + 1, name);
    return name;
  }

  #inEntry(bytes: Uint8Array, at: number): number {
    let key = 0;
    for (let i = 0; i < 4; i++) {
      const byte = bytes[at + i];
      if (byte === 0) {
        if (key === 0) return 0;
        const known = this.#short.get(key);
        if (known !== ABSENT) return known;
        const name = this.#add(bytes, at);
        this.#short.set(key, name);
        return name;
      }
      key = (key << 8) | byte;
    }
    return this.#add(bytes, at);
  }

  #add(bytes: Uint8Array, at: number): number {
    return this.#builder.stringFromBytes(bytes.subarray(at, bytes.indexOf(0, at)));
  }
}
