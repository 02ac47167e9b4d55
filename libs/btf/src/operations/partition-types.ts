import { FormatError } from '@btf-depot/bytes';
import { infoKind, Kind } from '../kinds.ts';
import type { Btf } from '../wire/btf.ts';
import { eachIdSlot, eachNameSlot } from '../wire/references.ts';
import { CanonicalNames } from './canonical-names.ts';

/** References on the way to a difference; a kernel's types take ten. */
const MAX_ROUNDS = 256;

/**
 * Finds which types of a BTF and its bases are the same: same words, same strings, and references
 * to types that are the same. Starts with all types alike and separates by 64-bit hashes until
 * nothing separates any more; then every type is compared with the first of its class, so that a
 * collision of hashes cannot join what differs.
 */
export class TypePartition {
  readonly #btf: Btf;
  readonly #names: CanonicalNames;
  /** What a reference to the type stands for, where that is another type (a FWD's definition). */
  readonly alias: Uint32Array;
  /** Class of each type; void has class 0. */
  classes: Uint32Array;
  /** Lowest id of each class. */
  firsts: Uint32Array = new Uint32Array();
  readonly #scratch: Uint32Array;
  readonly #other: Uint32Array;

  constructor(btf: Btf) {
    this.#btf = btf;
    this.#names = new CanonicalNames(btf);
    this.alias = Uint32Array.from({ length: btf.endId }, (_, id) => id);
    this.classes = new Uint32Array(btf.endId);
    const longest = longestType(btf);
    this.#scratch = new Uint32Array(longest);
    this.#other = new Uint32Array(longest);
  }

  /** Number of the type's name, equal for equal names. */
  nameOf(id: number): number {
    return this.#names.of(this.#btf.nameOffset(id));
  }

  /** Separates anew, with the aliases as they are now. Throws FormatError `btf-depth`. */
  refine(): void {
    this.classes = new Uint32Array(this.#btf.endId).fill(1);
    this.classes[0] = 0;
    let count = 1;
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const found = this.#round();
      if (found === count && this.#isExact()) return;
      count = found;
    }
    throw new FormatError('btf-depth', `types differ only ${MAX_ROUNDS} references away`, {
      section: this.#btf.section,
    });
  }

  /** One round: classes by hash of what is known of each type; gives the number of classes. */
  #round(): number {
    const { endId } = this.#btf;
    const next = new Uint32Array(endId);
    const table = new HashTable(endId);
    const firsts = [0];
    for (let id = 1; id < endId; id++) {
      const length = this.#normalise(id, this.#scratch);
      const { class: found, isNew } = table.enter(this.#scratch, length, this.classes[id]);
      next[id] = found;
      if (isNew) firsts.push(id);
    }
    this.classes = next;
    this.firsts = Uint32Array.from(firsts);
    return firsts.length;
  }

  /** Whether each type equals the first of its class; those that do not get a class of their own. */
  #isExact(): boolean {
    let exact = true;
    const { endId } = this.#btf;
    for (let id = 1; id < endId; id++) {
      const first = this.firsts[this.classes[id]];
      if (first === id) continue;
      const length = this.#normalise(id, this.#scratch);
      if (this.#normalise(first, this.#other) === length && this.#sameWords(length)) continue;
      this.classes[id] = this.firsts.length;
      this.firsts = Uint32Array.from([...this.firsts, id]);
      exact = false;
    }
    return exact;
  }

  #sameWords(length: number): boolean {
    for (let i = 0; i < length; i++) {
      if (this.#scratch[i] !== this.#other[i]) return false;
    }
    return true;
  }

  /** The type's words with strings and references replaced by what is the same for equals. */
  #normalise(id: number, out: Uint32Array): number {
    const { words, positions, firstId } = this.#btf.owner(id);
    const own = id - firstId;
    const from = positions[own];
    const to = own + 1 < positions.length ? positions[own + 1] : words.length;
    for (let i = from; i < to; i++) out[i - from] = words[i];
    eachNameSlot(out, 0, (slot) => (out[slot] = this.#names.of(out[slot])));
    eachIdSlot(out, 0, (slot) => (out[slot] = this.classes[this.alias[out[slot]]]));
    // Variables and sections are places, not types: each is itself.
    const kind = infoKind(out[1]);
    if (kind === Kind.VAR || kind === Kind.DATASEC || kind === Kind.LOCSEC) out[0] = ~id;
    return to - from;
  }
}

/** Classes by 64-bit hash; open addressing. */
class HashTable {
  readonly #low: Uint32Array;
  readonly #high: Uint32Array;
  readonly #classes: Uint32Array;
  #count = 0;

  constructor(entries: number) {
    let slots = 64;
    while (slots < entries * 2) slots *= 2;
    this.#low = new Uint32Array(slots);
    this.#high = new Uint32Array(slots);
    this.#classes = new Uint32Array(slots);
  }

  /** `seed` keeps apart what earlier rounds kept apart. */
  enter(words: Uint32Array, length: number, seed: number): { class: number; isNew: boolean } {
    let low = Math.imul(seed ^ 0x811c9dc5, 0x01000193);
    let high = Math.imul(seed ^ 0x2c1b3c6d, 0x297a2d39);
    for (let i = 0; i < length; i++) {
      const word = words[i];
      low = Math.imul(low ^ word, 0x01000193);
      low ^= low >>> 15;
      high = Math.imul(high ^ word, 0x85ebca6b);
      high ^= high >>> 13;
    }
    low >>>= 0;
    high >>>= 0;
    const mask = this.#classes.length - 1;
    let slot = (low ^ high) & mask;
    for (; this.#classes[slot] !== 0; slot = (slot + 1) & mask) {
      if (this.#low[slot] === low && this.#high[slot] === high) {
        return { class: this.#classes[slot], isNew: false };
      }
    }
    this.#low[slot] = low;
    this.#high[slot] = high;
    this.#classes[slot] = ++this.#count;
    return { class: this.#count, isNew: true };
  }
}

function longestType(btf: Btf): number {
  const { words, positions } = btf;
  let longest = btf.base ? longestType(btf.base) : 3;
  positions.forEach((from, own) => {
    const to = own + 1 < positions.length ? positions[own + 1] : words.length;
    longest = Math.max(longest, to - from);
  });
  return longest;
}
