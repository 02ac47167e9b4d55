/** What `get` gives for a key that is not there. */
export const ABSENT = -1;

/** Keys above this are kept apart: few files have any. */
const LARGE = 2 ** 31 - 1;

/**
 * Numbers of 31 bits and a sign by keys above 0, for large maps and those that are filled and
 * emptied for each unit: several times as fast as a Map.
 */
export class NumberMap {
  /** Key and value of each slot in turn, 0 for the key of a free one; a power of two long. */
  #slots = new Int32Array(512);
  #count = 0;
  readonly #large = new Map<number, number>();

  /** How many keys it has. */
  get size(): number {
    return this.#count + this.#large.size;
  }

  get(key: number): number {
    if (key > LARGE) return this.#large.get(key) ?? ABSENT;
    const slot = this.#slotOf(key);
    return this.#slots[slot] === 0 ? ABSENT : this.#slots[slot + 1];
  }

  set(key: number, value: number): void {
    if (key > LARGE) {
      this.#large.set(key, value);
      return;
    }
    const slot = this.#slotOf(key);
    this.#slots[slot + 1] = value;
    if (this.#slots[slot] !== 0) return;
    this.#slots[slot] = key;
    this.#count++;
    if (this.#count * 4 > this.#slots.length) this.#grow();
  }

  clear(): void {
    const { length } = this.#slots;
    // What only one unit needed is not to be emptied for all.
    if (this.#count * 16 < length && length > 512) this.#slots = new Int32Array(length / 2);
    else this.#slots.fill(0);
    this.#count = 0;
    this.#large.clear();
  }

  #slotOf(key: number): number {
    const slots = this.#slots;
    const mask = slots.length - 2;
    let slot = (Math.imul(key, 0x9e3779b1) >>> 7) & mask;
    while (slots[slot] !== 0 && slots[slot] !== key) slot = (slot + 2) & mask;
    return slot;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Int32Array(old.length * 2);
    for (let from = 0; from < old.length; from += 2) {
      if (old[from] === 0) continue;
      const slot = this.#slotOf(old[from]);
      this.#slots[slot] = old[from];
      this.#slots[slot + 1] = old[from + 1];
    }
  }
}
