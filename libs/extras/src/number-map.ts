/** The result of `get` for an absent key. */
export const ABSENT = -1;

/** Larger keys are stored apart: few files have any. */
const LARGE = 2 ** 31 - 1;

/**
 * A map from keys above 0 to signed 32-bit numbers, for large maps and those that are refilled for
 * each unit: several times as fast as a Map.
 */
export class NumberMap {
  /** Key and value of each slot in turn, key 0 for a free one; the length is a power of two. */
  #slots = new Int32Array(512);
  #count = 0;
  readonly #large = new Map<number, number>();

  /** Number of keys. */
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
    // A table that one unit made large shrinks again, so that emptying stays cheap.
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
