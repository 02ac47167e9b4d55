type Words = ArrayLike<number>;

/** Sets of words, each stored once, numbered in the order of their first use. */
export class WordPool {
  #words = new Uint32Array(4096);
  #length = 0;
  /** Start of each; one more for the end. */
  #starts = new Uint32Array(1024);
  #count = 0;
  /** Number + 1 by hash, 0 for a free slot; the length is a power of two. */
  #slots = new Uint32Array(1024);

  get count(): number {
    return this.#count;
  }

  at(number: number): Uint32Array {
    return this.#words.subarray(this.#starts[number], this.#starts[number + 1]);
  }

  /** Words of the longest set. */
  longest = 0;

  /** How many words a set has. */
  length(number: number): number {
    return this.#starts[number + 1] - this.#starts[number];
  }

  /** One word of a set. */
  word(number: number, place: number): number {
    return this.#words[this.#starts[number] + place];
  }

  /** Empties it. */
  clear(): void {
    // A table that one unit made large shrinks again, so that emptying stays cheap.
    if (this.#count * 8 < this.#slots.length && this.#slots.length > 1024) {
      this.#slots = new Uint32Array(this.#slots.length / 2);
    } else this.#slots.fill(0);
    this.#length = 0;
    this.#count = 0;
  }

  /** The number of these words, or of that many of them. */
  add(words: Words, length = words.length): number {
    const from = this.#length;
    if (from + length > this.#words.length) this.#words = grown(this.#words, from + length);
    // First written after the last set, where they stay if they are new.
    for (let i = 0; i < length; i++) this.#words[from + i] = words[i];
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hashOf(this.#words, from, from + length) & mask;
    for (; slots[slot] !== 0; slot = (slot + 1) & mask) {
      if (this.#equalsLast(slots[slot] - 1, length)) return slots[slot] - 1;
    }
    const number = this.#count++;
    if (this.#count >= this.#starts.length) this.#starts = grown(this.#starts, this.#count + 1);
    this.#length = from + length;
    this.#starts[this.#count] = this.#length;
    if (length > this.longest) this.longest = length;
    slots[slot] = this.#count;
    if (this.#count * 2 > slots.length) this.#rehash();
    return number;
  }

  #equalsLast(number: number, length: number): boolean {
    const words = this.#words;
    const from = this.#starts[number];
    if (this.#starts[number + 1] - from !== length) return false;
    for (let i = 0; i < length; i++) {
      if (words[from + i] !== words[this.#length + i]) return false;
    }
    return true;
  }

  #rehash(): void {
    const slots = new Uint32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    const starts = this.#starts;
    for (let number = 0; number < this.#count; number++) {
      let slot = hashOf(this.#words, starts[number], starts[number + 1]) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = number + 1;
    }
    this.#slots = slots;
  }
}

function grown(values: Uint32Array, length: number): Uint32Array<ArrayBuffer> {
  const more = new Uint32Array(Math.max(length, values.length * 2));
  more.set(values);
  return more;
}

function hashOf(words: Uint32Array, from: number, to: number): number {
  let hash = 0x811c9dc5 ^ (to - from);
  for (let at = from; at < to; at++) {
    hash = Math.imul(hash ^ words[at], 0x85ebca6b);
    hash ^= hash >>> 15;
  }
  return hash >>> 0;
}
