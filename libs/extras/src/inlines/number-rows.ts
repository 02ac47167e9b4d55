/** A table of numbers that grows by rows. */
export class NumberRows {
  count = 0;
  readonly #width: number;
  #words: Uint32Array;

  /** `width`: numbers in a row. */
  constructor(width: number) {
    this.#width = width;
    this.#words = new Uint32Array(width * 1024);
  }

  add(row: ArrayLike<number>): void {
    const at = this.count * this.#width;
    if (at === this.#words.length) {
      const more = new Uint32Array(this.#words.length * 2);
      more.set(this.#words);
      this.#words = more;
    }
    for (let column = 0; column < this.#width; column++) this.#words[at + column] = row[column];
    this.count++;
  }

  at(row: number, column: number): number {
    return this.#words[row * this.#width + column];
  }
}
