import { infoKind, Kind } from '@btf-depot/btf';
import { FormatError } from '@btf-depot/bytes';

/**
 * Set in a reference to a named composite or enumeration: the other bits are the number of its key.
 * Other references are numbers of shapes, 0 for void.
 */
export const BY_KEY = 0x8000_0000;

/** Tells named types apart before anything is known of their members. */
export const KeyKind = { STRUCT: 0, UNION: 1, ENUM: 2 } as const;

/**
 * The contents of types: words as on the wire, but references are shapes or, for types with a name,
 * that name. Each is stored once, however many units have it.
 */
export class Shapes {
  /** Numbers of shapes go from 1 to below this. */
  count = 0;
  words: Uint32Array = new Uint32Array(16 * 1024);
  /** Start of each shape, and the end of the last one. */
  starts: Uint32Array = new Uint32Array(1024);
  readonly #limit: number;
  #slots = new Uint32Array(4096);
  /** The hash of the words, beside each slot. */
  #hashes = new Uint32Array(4096);
  readonly #keys = new Map<number, number>();
  /** By key, from 1. */
  readonly keyName: number[] = [0];
  readonly keyKind: number[] = [0];
  /** Shapes that define the key, in the order of discovery. */
  readonly definitions: number[][] = [[]];
  readonly isDeclared: boolean[] = [false];
  /** Whether the shape is written; some are only candidates for functions. */
  readonly isWanted: boolean[] = [false];

  /** `limit`: most shapes. */
  constructor(limit: number) {
    this.#limit = limit;
    this.starts[1] = 0;
  }

  /** The key of a named composite or enumeration. */
  key(kind: number, name: number): number {
    const known = this.#keys.get(name * 4 + kind);
    if (known !== undefined) return known;
    const key = this.newKey(kind, name);
    this.#keys.set(name * 4 + kind, key);
    return key;
  }

  /** A key that no other type of this name has. */
  newKey(kind: number, name: number): number {
    this.keyName.push(name);
    this.keyKind.push(kind);
    this.definitions.push([]);
    this.isDeclared.push(false);
    return this.keyName.length - 1;
  }

  define(key: number, shape: number): void {
    const all = this.definitions[key];
    if (!all.includes(shape)) all.push(shape);
  }

  /** The shape with the draft's words from an offset on. Throws `dwarf-limit`. */
  find({ words, length }: Draft, from: number): number {
    const hash = hashOf(words, from, length);
    const slots = this.#slots;
    const hashes = this.#hashes;
    const mask = slots.length - 1;
    let slot = hash & mask;
    for (; slots[slot] !== 0; slot = (slot + 1) & mask) {
      if (hashes[slot] !== hash) continue;
      if (this.#equals(slots[slot], words, from, length)) return slots[slot];
    }
    this.#hashes[slot] = hash;
    return this.#add(words.subarray(from, length), slot);
  }

  infoOf(shape: number): number {
    return this.words[this.starts[shape] + 1];
  }

  #add(words: Uint32Array, slot: number): number {
    if (this.count >= this.#limit) {
      const message = `more than ${this.#limit} types`;
      throw new FormatError('dwarf-limit', message, { section: '.debug_info' });
    }
    const shape = ++this.count;
    const at = this.starts[shape];
    const end = at + words.length;
    if (end > this.words.length) this.words = grown(this.words, end);
    this.words.set(words, at);
    if (shape + 2 > this.starts.length) this.starts = grown(this.starts, shape + 2);
    this.starts[shape + 1] = end;
    this.#slots[slot] = shape;
    if (shape * 2 > this.#slots.length) this.#grow();
    return shape;
  }

  #equals(shape: number, words: Uint32Array, from: number, to: number): boolean {
    const at = this.starts[shape];
    if (this.starts[shape + 1] - at !== to - from) return false;
    const own = this.words;
    for (let i = from; i < to; i++) if (own[at + i - from] !== words[i]) return false;
    return true;
  }

  #grow(): void {
    const [slots, hashes] = [this.#slots, this.#hashes];
    const mask = slots.length * 2 - 1;
    this.#slots = new Uint32Array(slots.length * 2);
    this.#hashes = new Uint32Array(slots.length * 2);
    slots.forEach((shape, old) => {
      if (shape === 0) return;
      let slot = hashes[old] & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = shape;
      this.#hashes[slot] = hashes[old];
    });
  }
}

/** Words of types in progress, each after those of the type that led to it. */
export class Draft {
  length = 0;
  words = new Uint32Array(4096);

  push(word: number): void {
    if (this.length === this.words.length) this.words = grown(this.words, this.length * 2);
    this.words[this.length++] = word;
  }
}

function hashOf(words: Uint32Array, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let i = from; i < to; i++) {
    hash = Math.imul(hash ^ words[i], 0x85ebca6b);
    hash ^= hash >>> 15;
  }
  return hash >>> 0;
}

function grown(old: Uint32Array, needed: number): Uint32Array<ArrayBuffer> {
  const more = new Uint32Array(Math.max(needed, old.length * 2));
  more.set(old);
  return more;
}

/** Calls `visit` with each offset in a shape's words that refers to another shape. */
export function eachShapeReference(
  words: Uint32Array,
  at: number,
  end: number,
  visit: (slot: number) => void,
): void {
  switch (infoKind(words[at + 1])) {
    case Kind.PTR:
    case Kind.TYPEDEF:
    case Kind.VOLATILE:
    case Kind.CONST:
    case Kind.RESTRICT:
    case Kind.TYPE_TAG:
    case Kind.DECL_TAG:
      visit(at + 2);
      break;
    case Kind.ARRAY:
      visit(at + 3);
      visit(at + 4);
      break;
    case Kind.STRUCT:
    case Kind.UNION:
      for (let slot = at + 4; slot < end; slot += 3) visit(slot);
      break;
    case Kind.FUNC_PROTO:
      visit(at + 2);
      for (let slot = at + 4; slot < end; slot += 2) visit(slot);
      break;
    default:
  }
}

/** The key that a reference with BY_KEY names. */
export function keyOf(reference: number): number {
  return reference & (BY_KEY - 1);
}
