import { infoKind, Kind, type Btf } from '@btf-depot/btf';
import { ABSENT, NumberMap } from '../../number-map.ts';
import { hashOf } from './type-hash.ts';

/** Offsets of .debug_str that are remembered, in up to 32 MiB; Debian's 7.2 has 78,000. */
export const REMEMBERED = 2 ** 20;

/** An index of core's types and strings by content, made once for all searches. */
export class CoreIndex {
  readonly core: Btf;
  /** .debug_str. */
  readonly strings: Uint8Array;
  /** Types by their words: ids by hash, 0 for a free slot; the length is a power of two. */
  readonly slots: Uint32Array;
  /** The first type of each name, by its string's offset, and the next type of that name, by id. */
  readonly #firstNamed: Uint32Array;
  readonly #nextNamed: Uint32Array;
  /** Core's offset of a string of .debug_str, by its offset there + 1. */
  readonly #ofStrings = new NumberMap();

  constructor(core: Btf, strings: Uint8Array) {
    this.core = core;
    this.strings = strings;
    this.slots = byWords(core);
    this.#firstNamed = new Uint32Array(core.stringEnd);
    this.#nextNamed = new Uint32Array(core.endId);
    for (let id = core.endId - 1; id >= core.firstId; id--) {
      const offset = core.nameOffset(id);
      // -1 if it is only the end of a longer string: no encoder writes such a reference, and
      // merging finds it later.
      const name = offset === 0 ? 0 : core.findString(core.stringBytes(offset));
      if (name <= 0) continue;
      this.#nextNamed[id] = this.#firstNamed[name];
      this.#firstNamed[name] = id;
    }
  }

  /** The lowest id of the name at a string offset, 0 for none; core may lack the offset. */
  firstNamed(offset: number): number {
    return offset < this.#firstNamed.length ? this.#firstNamed[offset] : 0;
  }

  /** The next id of the type's name, 0 after the last. */
  nextNamed(id: number): number {
    return this.#nextNamed[id];
  }

  /** Core's offset of the string at an offset of .debug_str, -1 if core lacks it. */
  stringAt(place: number): number {
    const known = this.#ofStrings.get(place + 1);
    if (known !== ABSENT) return known === LACKING ? -1 : known;
    const bytes = this.strings;
    const offset = this.core.findString(bytes.subarray(place, bytes.indexOf(0, place)));
    if (this.#ofStrings.size < REMEMBERED) {
      this.#ofStrings.set(place + 1, offset < 0 ? LACKING : offset);
    }
    return offset;
  }
}

const LACKING = -2;

function byWords(core: Btf): Uint32Array {
  let length = 64;
  while (length < core.typeCount * 2) length *= 2;
  const slots = new Uint32Array(length);
  const { words, positions } = core;
  for (let own = 0; own < positions.length; own++) {
    const at = positions[own];
    if (!isFoundByWords(words, at)) continue;
    const end = own + 1 < positions.length ? positions[own + 1] : words.length;
    let slot = hashOf(words, at, end) & (length - 1);
    while (slots[slot] !== 0) slot = (slot + 1) & (length - 1);
    slots[slot] = own + 1;
  }
  return slots;
}

/** Pointers, qualifiers, typedefs, arrays, prototypes, and unnamed types. */
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
