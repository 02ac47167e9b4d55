type Words = readonly number[] | Uint32Array;

/** Sets of words, each kept once and known by its number, in the order of their first use. */
export class WordPool {
  #words = new Uint32Array(4096);
  #length = 0;
  /** Where each begins; one more for the end. */
  readonly #starts: number[] = [0];
  /** Number + 1 by hash, 0 for a free slot; a power of two long. */
  #slots = new Uint32Array(1024);

  get count(): number {
    return this.#starts.length - 1;
  }

  at(number: number): Uint32Array {
    return this.#words.subarray(this.#starts[number], this.#starts[number + 1]);
  }

  /** Forgets all. */
  clear(): void {
    this.#length = 0;
    this.#starts.length = 1;
    this.#slots.fill(0);
  }

  /** The number of these words. */
  add(words: Words): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hashOf(words) & mask;
    for (; slots[slot] !== 0; slot = (slot + 1) & mask) {
      if (this.#equals(slots[slot] - 1, words)) return slots[slot] - 1;
    }
    const number = this.count;
    this.#append(words);
    slots[slot] = number + 1;
    if (this.count * 2 > slots.length) this.#grow();
    return number;
  }

  #append(words: Words): void {
    const end = this.#length + words.length;
    if (end > this.#words.length) {
      const more = new Uint32Array(Math.max(end, this.#words.length * 2));
      more.set(this.#words);
      this.#words = more;
    }
    this.#words.set(words, this.#length);
    this.#length = end;
    this.#starts.push(end);
  }

  #equals(number: number, words: Words): boolean {
    const from = this.#starts[number];
    if (this.#starts[number + 1] - from !== words.length) return false;
    for (let i = 0; i < words.length; i++) {
      if (this.#words[from + i] !== words[i] >>> 0) return false;
    }
    return true;
  }

  #grow(): void {
    const slots = new Uint32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let number = 0; number < this.count; number++) {
      let slot = hashOf(this.at(number)) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = number + 1;
    }
    this.#slots = slots;
  }
}

function hashOf(words: Words): number {
  let hash = 0x811c9dc5 ^ words.length;
  for (const word of words) {
    hash = Math.imul(hash ^ word, 0x85ebca6b);
    hash ^= hash >>> 15;
  }
  return hash >>> 0;
}
