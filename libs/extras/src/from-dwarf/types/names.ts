import type { BtfBuilder } from '@btf-depot/btf';
import type { Entry } from '@btf-depot/dwarf';
import { ABSENT, NumberMap } from '../../number-map.ts';
import { REMEMBERED, type CoreIndex } from './core-index.ts';

/**
 * One number for each name, in DWARF or core: its string offset in the new BTF, the first one if
 * core has several. Strings are compared as bytes, and each offset of .debug_str only once.
 */
export class Names {
  readonly #builder: BtfBuilder;
  readonly #index: CoreIndex;
  /** For names that core lacks, by offset in .debug_str + 1. */
  readonly #ofStrings = new NumberMap();
  /** Number + 1 by offset, 0 before the first request. */
  readonly #ofCore: Uint32Array;

  constructor(index: CoreIndex, builder: BtfBuilder) {
    this.#index = index;
    this.#builder = builder;
    this.#ofCore = new Uint32Array(index.core.stringEnd);
  }

  /** The number of the name that core has at an offset. */
  ofCore(offset: number): number {
    const known = this.#ofCore[offset];
    if (known !== 0) return known - 1;
    const number = this.#builder.stringFromBytes(this.#index.core.stringBytes(offset));
    this.#ofCore[offset] = number + 1;
    return number;
  }

  /** The number of a name given as one character a byte. */
  ofText(text: string): number {
    return this.#builder.string(text);
  }

  /** The number of a string attribute of an entry, 0 if there is none or it is empty. */
  ofEntry(entry: Entry, attribute: number): number {
    if (!entry.text(attribute)) return 0;
    const { textBytes, textAt } = entry;
    const shared = textBytes === this.#index.strings;
    if (shared) {
      const ofCore = this.#index.stringAt(textAt);
      if (ofCore >= 0) return ofCore;
      const known = this.#ofStrings.get(textAt + 1);
      if (known !== ABSENT) return known;
    }
    const text = textBytes.subarray(textAt, textBytes.indexOf(0, textAt));
    const number = this.#builder.stringFromBytes(text);
    if (shared && this.#ofStrings.size < REMEMBERED) this.#ofStrings.set(textAt + 1, number);
    return number;
  }
}
