import {
  ELEMENT_WORDS,
  FIRST_ID,
  FIXED_WORDS,
  HEAD_IS_ID,
  IDS,
  infoKind,
  Kind,
  isEnum,
} from '../../kinds.ts';
import type { Btf } from '../../wire/btf.ts';
import { eachIdSlot, eachNameSlot } from '../../wire/references.ts';
import { CanonicalNames } from './canonical-names.ts';

/**
 * The types of a BTF and its bases as one changeable run of words, with one number for each name's
 * content: types without references are the same if their words are.
 */
export class FlatTypes {
  readonly words: Uint32Array;
  /** Word index of each type, void included, and the end of the last. */
  readonly positions: Uint32Array;
  readonly firstId: number;
  readonly endId: number;

  constructor(btf: Btf) {
    const levels: Btf[] = [];
    for (let level: Btf | undefined = btf; level; level = level.base) levels.unshift(level);
    this.firstId = btf.firstId;
    this.endId = btf.endId;
    // Void is three words of zero.
    const length = levels.reduce((sum, { words }) => sum + words.length, 3);
    this.words = new Uint32Array(length);
    this.positions = new Uint32Array(btf.endId + 1);
    let start = 3;
    for (const { words, positions, firstId } of levels) {
      this.words.set(words, start);
      for (let own = 0; own < positions.length; own++) {
        this.positions[firstId + own] = start + positions[own];
      }
      start += words.length;
    }
    this.positions[btf.endId] = length;
    const names = new CanonicalNames(btf);
    const { words, positions } = this;
    for (let id = 1; id < btf.endId; id++) {
      eachNameSlot(words, positions[id], (slot) => (words[slot] = names.of(words[slot])));
    }
  }

  kind(id: number): number {
    return infoKind(this.words[this.positions[id] + 1]);
  }

  /** The `info` word. */
  info(id: number): number {
    return this.words[this.positions[id] + 1];
  }

  /** The number of the name; 0 for none. */
  name(id: number): number {
    return this.words[this.positions[id]];
  }

  /** A STRUCT's kind for a FWD of a struct, a UNION's for one of a union. */
  declaredKind(id: number): number {
    return this.info(id) >>> 31 === 1 ? Kind.UNION : Kind.STRUCT;
  }

  /** An enum without values. */
  isEnumDeclaration(id: number): boolean {
    return isEnum(this.kind(id)) && (this.info(id) & 0xffffff) === 0;
  }

  /** Calls `visit` with the word index of each reference of a type. */
  eachReference(id: number, visit: (slot: number) => void): void {
    eachIdSlot(this.words, this.positions[id], visit);
  }

  /** Whether two types have the same words, references included. */
  equal(left: number, right: number): boolean {
    const { words, positions } = this;
    const [a, b] = [positions[left], positions[right]];
    const length = positions[left + 1] - a;
    if (positions[right + 1] - b !== length) return false;
    for (let i = 0; i < length; i++) if (words[a + i] !== words[b + i]) return false;
    return true;
  }

  /** Whether two types have the same words except references. */
  alike(left: number, right: number): boolean {
    const { words, positions } = this;
    const [a, b] = [positions[left], positions[right]];
    if (words[a] !== words[b] || words[a + 1] !== words[b + 1]) return false;
    const kind = infoKind(words[a + 1]);
    if (words[a + 2] !== words[b + 2] && HEAD_IS_ID[kind] === 0) return false;
    const length = positions[left + 1] - a;
    for (let i = 3; i < length; i++) {
      if (words[a + i] !== words[b + i] && !isReference(kind, i - 3)) return false;
    }
    return true;
  }
}

/** Whether word `index` after the head is a type id. */
function isReference(kind: number, index: number): boolean {
  if (IDS[kind] === 0) return false;
  if (kind === Kind.ARRAY) return index < 2;
  const place = ((index - FIXED_WORDS[kind]) % ELEMENT_WORDS[kind]) - FIRST_ID[kind];
  return place >= 0 && place < IDS[kind];
}
