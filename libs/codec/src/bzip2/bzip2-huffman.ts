import { FormatError } from '@btf-depot/bytes';
import type { BitReader } from './bit-reader.ts';

const LONGEST = 20;

/** A canonical Huffman code. */
export class HuffmanTable {
  /** By length: the first longer code, and the offset from a code to its index. */
  readonly #limits = new Int32Array(LONGEST + 1).fill(-1);
  readonly #offsets = new Int32Array(LONGEST + 1);
  readonly #symbols: Uint16Array;
  readonly #shortest: number;

  constructor(lengths: Uint8Array) {
    const symbols: number[] = [];
    let code = 0;
    for (let length = 1; length <= LONGEST; length++) {
      this.#offsets[length] = code - symbols.length;
      for (let symbol = 0; symbol < lengths.length; symbol++) {
        if (lengths[symbol] !== length) continue;
        symbols.push(symbol);
        code++;
      }
      this.#limits[length] = code;
      code <<= 1;
    }
    this.#symbols = Uint16Array.from(symbols);
    this.#shortest = Math.min(...lengths);
  }

  next(bits: BitReader): number {
    let length = this.#shortest;
    for (let code = bits.take(length); ; code = (code << 1) | bits.take(1), length++) {
      if (code < this.#limits[length]) {
        const symbol = this.#symbols[code - this.#offsets[length]];
        if (symbol !== undefined) return symbol;
        break;
      }
      if (length === LONGEST) break;
    }
    throw new FormatError('bzip2-corrupt', 'a code of no symbol', { section: 'bzip2' });
  }
}

/** Reads the lengths of the codes, each as the difference from the one before. */
export function huffmanTable(bits: BitReader, symbols: number): HuffmanTable {
  const lengths = new Uint8Array(symbols);
  let length = bits.take(5);
  for (let symbol = 0; symbol < symbols; symbol++) {
    for (;;) {
      if (length < 1 || length > LONGEST) {
        throw new FormatError('bzip2-corrupt', `a code of ${length} bits`, { section: 'bzip2' });
      }
      if (bits.take(1) === 0) break;
      length += bits.take(1) === 0 ? 1 : -1;
    }
    lengths[symbol] = length;
  }
  return new HuffmanTable(lengths);
}
