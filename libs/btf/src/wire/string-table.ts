import { hashBytes, hashCString } from './hash.ts';

/**
 * A BTF string section that can be searched by content and grown: open addressing over the strings'
 * bytes, without a JavaScript string per entry. Offsets include those of the bases below.
 */
export class StringTable {
  /** Offset of the first own byte: the sum of the bases' string lengths. */
  readonly start: number;
  #bytes: Uint8Array;
  #length: number;
  /** Own offset + 1 of a string, 0 for a free slot; the length is a power of two. */
  #slots = new Uint32Array();
  /**
   * The string's hash, beside each slot: most different strings are told apart without reading
   * them.
   */
  #hashes = new Int32Array();
  #count = 0;

  /** `bytes` must be empty or end with NUL; they are copied when the table grows, never changed. */
  constructor(start: number, bytes: Uint8Array = new Uint8Array()) {
    this.start = start;
    this.#bytes = bytes;
    this.#length = bytes.length;
  }

  /** Offset after the last own byte. */
  get end(): number {
    return this.start + this.#length;
  }

  /** The own bytes; later additions may be in another view. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Offset of the string `bytes[from..to)`, or -1. Of equal strings the first. */
  find(bytes: Uint8Array, from: number, to: number): number {
    this.#index();
    const slot = this.#slotOf(bytes, from, to, hashBytes(bytes, from, to));
    const own = this.#slots[slot];
    return own === 0 ? -1 : this.start + own - 1;
  }

  /** Offset of the string `bytes[from..to)`, appended if it is new. */
  add(bytes: Uint8Array, from: number, to: number): number {
    this.#index();
    const hash = hashBytes(bytes, from, to);
    const own = this.#slots[this.#slotOf(bytes, from, to, hash)];
    if (own !== 0) return this.start + own - 1;
    const at = this.#length;
    this.#reserve(to - from + 1);
    this.#bytes.set(bytes.subarray(from, to), at);
    this.#bytes[at + to - from] = 0;
    this.#length = at + to - from + 1;
    this.#insert(at, hash);
    return this.start + at;
  }

  /** Enters the initial strings on the first search: a merge never searches. */
  #index(): void {
    if (this.#slots.length > 0) return;
    const bytes = this.bytes;
    // A kernel's names have some 16 bytes. The number of NULs is not trusted: a section of only
    // NULs would make the table many times its size.
    this.#makeSlots(slotsFor(bytes.length / 16));
    for (let at = 0; at < bytes.length;) {
      const hash = hashCString(bytes, at);
      const end = bytes.indexOf(0, at);
      if (this.#slots[this.#slotOf(bytes, at, end, hash)] === 0) this.#insert(at, hash);
      at = end + 1;
    }
  }

  /** Enters a string that is not there yet. */
  #insert(at: number, hash: number): void {
    if ((this.#count + 1) * 2 > this.#slots.length) this.#grow();
    this.#place(at + 1, hash);
    this.#count++;
  }

  #place(entry: number, hash: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hash & mask;
    while (slots[slot] !== 0) slot = (slot + 1) & mask;
    slots[slot] = entry;
    this.#hashes[slot] = hash;
  }

  /** The slot of the string, or the free one for it. */
  #slotOf(bytes: Uint8Array, from: number, to: number, hash: number): number {
    const slots = this.#slots;
    const hashes = this.#hashes;
    const mask = slots.length - 1;
    let slot = hash & mask;
    for (; slots[slot] !== 0; slot = (slot + 1) & mask) {
      if (hashes[slot] === hash && this.#equals(slots[slot] - 1, bytes, from, to)) break;
    }
    return slot;
  }

  #equals(at: number, bytes: Uint8Array, from: number, to: number): boolean {
    const own = this.#bytes;
    const length = to - from;
    if (at + length >= this.#length) return false;
    for (let i = 0; i < length; i++) {
      if (own[at + i] !== bytes[from + i]) return false;
    }
    return own[at + length] === 0;
  }

  #makeSlots(count: number): void {
    this.#slots = new Uint32Array(count);
    this.#hashes = new Int32Array(count);
  }

  #grow(): void {
    const [slots, hashes] = [this.#slots, this.#hashes];
    this.#makeSlots(slots.length * 2);
    slots.forEach((entry, slot) => {
      if (entry !== 0) this.#place(entry, hashes[slot]);
    });
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length && this.#owned) return;
    const grown = new Uint8Array(Math.max(needed, this.#length * 2, 4096));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#owned = true;
  }

  /** Whether #bytes may be written to, and is not the section that was passed in. */
  #owned = false;
}

function slotsFor(strings: number): number {
  let slots = 64;
  while (slots < strings * 2 + 2) slots *= 2;
  return slots;
}
