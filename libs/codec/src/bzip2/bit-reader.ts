import { FormatError } from '@btf-depot/bytes';

/** Bits of a run of bytes, the highest of each byte first. */
export class BitReader {
  readonly #bytes: Uint8Array;
  readonly #format: string;
  #next: number;
  #buffer = 0;
  #buffered = 0;

  /**
   * @param skip bits of the first byte to skip.
   * @param format for the code of the FormatError if the bytes end too early.
   */
  constructor(bytes: Uint8Array, skip: number, format: string) {
    this.#bytes = bytes;
    this.#format = format;
    this.#next = 0;
    if (skip > 0) this.take(skip);
  }

  /** Bits taken so far, skipped ones included. */
  get position(): number {
    return this.#next * 8 - this.#buffered;
  }

  /** The next `count` bits, up to 24, as a number. */
  take(count: number): number {
    while (this.#buffered < count) {
      if (this.#next >= this.#bytes.length) {
        throw new FormatError(`${this.#format}-truncated`, 'the stream ends early');
      }
      this.#buffer = (this.#buffer << 8) | this.#bytes[this.#next++];
      this.#buffered += 8;
    }
    this.#buffered -= count;
    return (this.#buffer >>> this.#buffered) & ((1 << count) - 1);
  }
}
