import { FormatError } from '@btf-depot/bytes';
import type { BtfBuilder } from '@btf-depot/btf';
import { infoKind, infoVlen, Kind, type Btf } from '@btf-depot/btf';
import { NumberMap } from '../number-map.ts';
import type { Names } from './names.ts';

/**
 * The types of core and those that are added to it, to be found by what they say: unnamed ones
 * and typedefs by their words, named ones by name.
 */
export class TypeTable {
  readonly core: Btf;
  readonly names: Names;
  readonly #builder: BtfBuilder;
  readonly #limit: number;
  /** Words of the added types, by id - core.endId; empty until they are known. */
  readonly #added: Uint32Array[] = [];
  /** Ids by hash of their words, 0 for a free slot; a power of two long. */
  #slots: Uint32Array;
  #count = 0;
  #reserved = 0;
  /** The first of core's types of a name, by number, and the next of the same name, by id. */
  readonly #firstNamed = new NumberMap();
  readonly #nextNamed: Uint32Array;

  /** `limit`: most types that may be added. */
  constructor(core: Btf, builder: BtfBuilder, names: Names, limit: number) {
    this.core = core;
    this.names = names;
    this.#builder = builder;
    this.#limit = limit;
    let length = 64;
    while (length < core.typeCount * 2) length *= 2;
    this.#slots = new Uint32Array(length);
    const { words, positions } = core;
    for (let own = 0; own < positions.length; own++) {
      const at = positions[own];
      const end = own + 1 < positions.length ? positions[own + 1] : words.length;
      if (isFoundByWords(words, at)) this.#insert(own + 1, hashOf(words, at, end));
    }
    this.#nextNamed = new Uint32Array(core.endId);
    for (let id = core.endId - 1; id >= core.firstId; id--) {
      const name = core.nameOffset(id) === 0 ? 0 : names.ofCore(core.nameOffset(id));
      if (name === 0) continue;
      this.#nextNamed[id] = this.firstNamed(name);
      this.#firstNamed.set(name, id);
    }
  }

  get added(): number {
    return this.#added.length;
  }

  kind(id: number): number {
    if (id < this.core.endId) return this.core.kind(id);
    return infoKind(this.#added[id - this.core.endId].at(1) ?? 0);
  }

  vlen(id: number): number {
    if (id < this.core.endId) return this.core.vlen(id);
    return infoVlen(this.#added[id - this.core.endId].at(1) ?? 0);
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

  /** The lowest id of core's types of a name; 0 where core has none, and for no name. */
  firstNamed(name: number): number {
    return name === 0 ? 0 : Math.max(this.#firstNamed.get(name), 0);
  }

  /** The next id of the name that this type of core has, 0 after the last. */
  nextNamed(id: number): number {
    return this.#nextNamed[id];
  }

  /** Core's types of a name, ascending. */
  named(name: number): number[] {
    const ids: number[] = [];
    for (let id = this.firstNamed(name); id !== 0; id = this.nextNamed(id)) ids.push(id);
    return ids;
  }

  /** The first type with these words, whose names are numbers of `names`; 0 where there is none. */
  find(words: readonly number[]): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hashOf(words, 0, words.length) & mask;
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

  /** Whether added types may be the same as others: those that were not found by their words. */
  get mayRepeat(): boolean {
    return this.#reserved > 0;
  }

  /** An id whose words come later, by `fill`. Throws FormatError `dwarf-limit`. */
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

  /** Appends the added types to the builder; the table takes no more after that. */
  build(): void {
    for (const [name, info, third, ...tail] of this.#added) {
      this.#builder.addRaw(name, info, third, tail);
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
    const { positions, words, endId } = this.core;
    for (const id of old) {
      if (id === 0) continue;
      const added = id >= endId ? this.#added[id - endId] : undefined;
      const hash = added
        ? hashOf(added, 0, added.length)
        : hashOf(words, positions[id - 1], positions[id] ?? words.length);
      this.#insert(id, hash);
    }
  }
}

/** Pointers, qualifiers, typedefs, arrays, prototypes, and what has no name. */
function isFoundByWords(words: Uint32Array, at: number): boolean {
  switch (infoKind(words[at + 1])) {
    case Kind.STRUCT:
    case Kind.UNION:
    case Kind.ENUM:
    case Kind.ENUM64:
      return words[at] === 0;
    case Kind.PTR:
    case Kind.ARRAY:
    case Kind.TYPEDEF:
    case Kind.VOLATILE:
    case Kind.CONST:
    case Kind.RESTRICT:
    case Kind.FUNC_PROTO:
    case Kind.TYPE_TAG:
      return true;
    default:
      return false;
  }
}

/** Words from one name to the next in the tail; 0 where it has none. */
function nameStride(kind: number): number {
  switch (kind) {
    case Kind.STRUCT:
    case Kind.UNION:
    case Kind.ENUM64:
      return 3;
    case Kind.ENUM:
    case Kind.FUNC_PROTO:
      return 2;
    default:
      return 0;
  }
}

/** Of all words but names, so that no name of core need be looked up to enter it. */
function hashOf(words: ArrayLike<number>, from: number, to: number): number {
  const stride = nameStride(infoKind(words[from + 1]));
  let hash = 0x811c9dc5;
  for (let at = from + 1; at < to; at++) {
    if (stride > 0 && at >= from + 3 && (at - from - 3) % stride === 0) continue;
    hash = Math.imul(hash ^ words[at], 0x85ebca6b);
    hash ^= hash >>> 15;
  }
  return hash >>> 0;
}
