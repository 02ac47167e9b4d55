import { FormatError } from '@btf-depot/bytes';
import type { BtfBuilder } from '@btf-depot/btf';
import { infoKind, type Btf } from '@btf-depot/btf';
import type { CoreIndex } from './core-index.ts';
import type { Names } from './names.ts';
import { hashOf, nameStride } from './type-hash.ts';

/**
 * The types of core and the added ones, found by content: unnamed ones and typedefs by their words,
 * named ones by name.
 */
export class TypeTable {
  readonly core: Btf;
  readonly names: Names;
  readonly #builder: BtfBuilder;
  readonly #limit: number;
  /** Words of the added types, by id - core.endId; empty until they are known. */
  readonly #added: Uint32Array[] = [];
  readonly #index: CoreIndex;
  /** The added types by hash of their words, 0 for a free slot; the length is a power of two. */
  #slots = new Uint32Array(1024);
  #count = 0;
  #reserved = 0;

  /** `limit`: most types that may be added. */
  constructor(index: CoreIndex, builder: BtfBuilder, names: Names, limit: number) {
    this.core = index.core;
    this.#index = index;
    this.names = names;
    this.#builder = builder;
    this.#limit = limit;
  }

  get added(): number {
    return this.#added.length;
  }

  kind(id: number): number {
    if (id < this.core.endId) return this.core.kind(id);
    return infoKind(this.#added[id - this.core.endId].at(1) ?? 0);
  }

  kflag(id: number): boolean {
    if (id < this.core.endId) return this.core.kflag(id);
    return (this.#added[id - this.core.endId].at(1) ?? 0) >>> 31 === 1;
  }

  sizeOrType(id: number): number {
    if (id < this.core.endId) return this.core.sizeOrType(id);
    return this.#added[id - this.core.endId].at(2) ?? 0;
  }

  tail(id: number, index: number): number {
    if (id < this.core.endId) return this.core.tail(id, index);
    return this.#added[id - this.core.endId].at(3 + index) ?? 0;
  }

  /** The lowest id of core's types of a name; 0 if core has none, and for no name. */
  firstNamed(name: number): number {
    return this.#index.firstNamed(name);
  }

  /** The next id of this type's name in core, 0 after the last. */
  nextNamed(id: number): number {
    return this.#index.nextNamed(id);
  }

  /** Core's types of a name, ascending. */
  named(name: number): number[] {
    const ids: number[] = [];
    for (let id = this.firstNamed(name); id !== 0; id = this.nextNamed(id)) ids.push(id);
    return ids;
  }

  /** The first type with these words, whose names are numbers of `names`; 0 if there is none. */
  find(words: readonly number[]): number {
    const hash = hashOf(words, 0, words.length);
    return this.#findIn(this.#index.slots, hash, words) || this.#findIn(this.#slots, hash, words);
  }

  #findIn(slots: Uint32Array, hash: number, words: readonly number[]): number {
    const mask = slots.length - 1;
    let slot = hash & mask;
    for (; slots[slot] !== 0; slot = (slot + 1) & mask) {
      if (this.#equals(slots[slot], words)) return slots[slot];
    }
    return 0;
  }

  /** The type with these words, added if it is new. */
  findOrAdd(words: readonly number[]): number {
    const found = this.find(words);
    if (found !== 0) return found;
    const id = this.#append();
    this.fill(id, words);
    if ((this.#count + 1) * 2 > this.#slots.length) this.#grow();
    this.#insert(id, hashOf(words, 0, words.length));
    return id;
  }

  /** Whether added types may equal others: those that were not found by their words. */
  get mayRepeat(): boolean {
    return this.#reserved > 0;
  }

  /** An id whose words follow later, by `fill`. Throws FormatError `dwarf-limit`. */
  reserve(): number {
    this.#reserved++;
    return this.#append();
  }

  #append(): number {
    if (this.#added.length >= this.#limit) {
      const message = `more than ${this.#limit} types that core lacks`;
      throw new FormatError('dwarf-limit', message, { section: '.debug_info' });
    }
    this.#added.push(new Uint32Array());
    return this.core.endId + this.#added.length - 1;
  }

  fill(id: number, words: readonly number[]): void {
    this.#added[id - this.core.endId] = new Uint32Array(words);
  }

  /** Appends the added types to the builder; nothing can be added after that. */
  build(): void {
    for (const words of this.#added) {
      this.#builder.addRaw(words[0], words[1], words[2], words.subarray(3));
    }
  }

  #equals(id: number, words: readonly number[]): boolean {
    const { core, names } = this;
    const own = id - core.endId;
    const from = own < 0 ? core.positions[id - 1] : 0;
    const have = own < 0 ? core.words : this.#added[own];
    const end = own >= 0 ? have.length : id < core.typeCount ? core.positions[id] : have.length;
    if (end - from !== words.length) return false;
    const stride = nameStride(infoKind(words[1]));
    for (let i = 0; i < words.length; i++) {
      const isName = i === 0 || (stride > 0 && i >= 3 && (i - 3) % stride === 0);
      const word = have[from + i];
      if ((isName && own < 0 ? names.ofCore(word) : word) !== words[i]) return false;
    }
    return true;
  }

  #insert(id: number, hash: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hash & mask;
    while (slots[slot] !== 0) slot = (slot + 1) & mask;
    slots[slot] = id;
    this.#count++;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(old.length * 2);
    this.#count = 0;
    for (const id of old) {
      if (id === 0) continue;
      const words = this.#added[id - this.core.endId];
      this.#insert(id, hashOf(words, 0, words.length));
    }
  }
}
