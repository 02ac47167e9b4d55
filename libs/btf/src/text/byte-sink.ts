/**
 * Text as bytes, appended piece by piece: names go from BTF to the output without becoming strings.
 */
export class ByteSink {
  #bytes: Uint8Array;
  #length = 0;

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(Math.max(capacity, 256));
  }

  /** ASCII text. */
  text(text: string): this {
    const length = text.length;
    this.#reserve(length);
    const bytes = this.#bytes;
    const at = this.#length;
    for (let i = 0; i < length; i++) bytes[at + i] = text.charCodeAt(i);
    this.#length = at + length;
    return this;
  }

  byte(value: number): this {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
    return this;
  }

  /** An unsigned 32-bit number in decimal. */
  number(value: number): this {
    this.#reserve(10);
    let digits = 1;
    for (let limit = 10; value >= limit; limit *= 10) digits++;
    const end = this.#length + digits;
    for (let at = end - 1; at >= this.#length; at--) {
      const rest = Math.floor(value / 10);
      this.#bytes[at] = 0x30 + value - rest * 10;
      value = rest;
    }
    this.#length = end;
    return this;
  }

  /** A signed 32-bit number in decimal. */
  signed(value: number): this {
    return value < 0 ? this.byte(0x2d).number(-value) : this.number(value);
  }

  /** The string of a table from `from` up to its NUL. */
  cString(table: Uint8Array, from: number): this {
    let end = from;
    while (table[end] !== 0) end++;
    this.#reserve(end - from);
    const bytes = this.#bytes;
    let at = this.#length;
    // Names are short: a loop is faster than a view and set().
    for (let i = from; i < end; i++) bytes[at++] = table[i];
    this.#length = at;
    return this;
  }

  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
