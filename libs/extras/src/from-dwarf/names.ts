import type { Btf, BtfBuilder } from '@btf-depot/btf';
import type { Entry } from '@btf-depot/dwarf';

/** Places of .debug_str that are remembered; a kernel's has 5 MB. */
const REMEMBERED = 64 * 1024 * 1024;

/**
 * One number for each name, whether DWARF or core has it: its string offset in the BTF that is
 * being made, the first where core has several. Strings are compared as bytes, and each place
 * of .debug_str only once.
 */
export class Names {
  readonly #core: Btf;
  readonly #builder: BtfBuilder;
  readonly #strings: Uint8Array;
  /** Number + 1 by offset, 0 where it has not been asked for. */
  readonly #ofStrings: Uint32Array;
  readonly #ofCore: Uint32Array;

  constructor(core: Btf, builder: BtfBuilder, strings: Uint8Array) {
    this.#core = core;
    this.#builder = builder;
    this.#strings = strings;
    this.#ofStrings = new Uint32Array(Math.min(strings.length, REMEMBERED));
    this.#ofCore = new Uint32Array(core.stringEnd);
  }

  /** The number of the name that core has at an offset. */
  ofCore(offset: number): number {
    const known = this.#ofCore[offset];
    if (known !== 0) return known - 1;
    const number = this.#builder.stringFromBytes(this.#core.stringBytes(offset));
    this.#ofCore[offset] = number + 1;
    return number;
  }

  /** The number of a name given as one character a byte. */
  ofText(text: string): number {
    return this.#builder.string(text);
  }

  /** The number of a string attribute of an entry, 0 where there is none or it is empty. */
  ofEntry(entry: Entry, attribute: number): number {
    if (!entry.text(attribute)) return 0;
    const { textBytes, textAt } = entry;
    const shared = textBytes === this.#strings && textAt < this.#ofStrings.length;
    const known = shared ? this.#ofStrings[textAt] : 0;
    if (known !== 0) return known - 1;
    const text = textBytes.subarray(textAt, textBytes.indexOf(0, textAt));
    const number = this.#builder.stringFromBytes(text);
    if (shared) this.#ofStrings[textAt] = number + 1;
    return number;
  }
}
