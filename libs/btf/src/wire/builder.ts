import type { Endian } from '@btf-depot/bytes';
import { ELEMENT_WORDS, FIXED_WORDS, LAST_KIND, packInfo } from '../kinds.ts';
import type { Btf } from './btf.ts';
import { LONG_HEADER, SHORT_HEADER, writeBtfHeader } from './header.ts';
import { writeLayouts, type KindLayout } from './layout.ts';
import { parseBtf } from './parse.ts';
import { eachIdSlot, eachNameSlot } from './references.ts';
import { StringTable } from './string-table.ts';
import { bytesOfWords } from './words.ts';

export interface BuilderOptions {
  /** The base of the types; without it the BTF is standalone. */
  readonly base?: Btf | undefined;
  /** Default: the base's, or little. */
  readonly endian?: Endian;
  /** Writes the 32-byte header and this layout section (Linux 7.1), by kind. */
  readonly layouts?: readonly KindLayout[] | undefined;
  /** Bytes of the header, a multiple of 4; default 24, or 32 with layouts. */
  readonly headerLength?: number | undefined;
  /** Initial strings of the own table: a byte-for-byte copy of another's section. */
  readonly strings?: Uint8Array | undefined;
}

/** Head of a type; absent fields are 0. */
export interface TypeHead {
  readonly kind: number;
  /** String offset, from `string` or `stringFrom`. */
  readonly name?: number;
  readonly kflag?: boolean;
  readonly vlen?: number;
  /** Third word: size in bytes or type id. */
  readonly sizeOrType?: number;
}

const NO_WORDS: readonly number[] = [];

/**
 * Appends types to a base as split BTF, or makes standalone BTF. Ids are given in the order of the
 * calls. Strings in the base are reused, others are stored once in the order of first use: the same
 * calls give the same bytes.
 *
 * Ids may be used before their types are added (`nextId` gives the next one).
 */
export class BtfBuilder {
  readonly base: Btf | undefined;
  readonly endian: Endian;
  readonly firstId: number;
  readonly #layouts: readonly KindLayout[] | undefined;
  readonly #headerLength: number;
  readonly #strings: StringTable;
  readonly #copied = new WeakMap<Btf, Map<number, number>>();
  #words = new Uint32Array(1024);
  #length = 0;
  #count = 0;

  constructor(options: BuilderOptions = {}) {
    const { base, layouts, strings } = options;
    this.base = base;
    this.endian = options.endian ?? base?.endian ?? 'little';
    this.firstId = base ? base.endId : 1;
    this.#layouts = layouts;
    this.#headerLength = options.headerLength ?? (layouts ? LONG_HEADER : SHORT_HEADER);
    const initial = strings ?? (base ? new Uint8Array() : Uint8Array.of(0));
    this.#strings = new StringTable(base ? base.stringEnd : 0, initial);
  }

  /** The id that the next type gets. */
  get nextId(): number {
    return this.firstId + this.#count;
  }

  /** Offset of a string with one character a byte; the base's if it has the string. */
  string(text: string): number {
    if (text === '') return 0;
    return this.stringFromBytes(Buffer.from(text, 'latin1'));
  }

  /** Offset of a string of bytes without NUL. */
  stringFromBytes(bytes: Uint8Array): number {
    if (bytes.length === 0) return 0;
    const own = this.#strings.find(bytes, 0, bytes.length);
    if (own !== -1) return own;
    const below = this.base ? this.base.findString(bytes) : -1;
    return below === -1 ? this.#strings.add(bytes, 0, bytes.length) : below;
  }

  /** Offset here of the string at `offset` in another BTF. */
  stringFrom(source: Btf, offset: number): number {
    if (offset === 0) return 0;
    // Strings of a shared base have the same offset.
    if (this.base && offset < this.base.stringEnd && isSelfOrBase(this.base, source)) return offset;
    const known = this.#copied.get(source) ?? new Map<number, number>();
    this.#copied.set(source, known);
    let mapped = known.get(offset);
    if (mapped === undefined) {
      mapped = this.stringFromBytes(source.stringBytes(offset));
      known.set(offset, mapped);
    }
    return mapped;
  }

  /** Appends a type: its head, and the words after it in wire format. Returns its id. */
  add(head: TypeHead, tail: ArrayLike<number> = NO_WORDS): number {
    const { kind, name = 0, kflag = false, vlen = 0, sizeOrType = 0 } = head;
    if (kind <= LAST_KIND && tail.length !== FIXED_WORDS[kind] + vlen * ELEMENT_WORDS[kind]) {
      throw new RangeError(`${tail.length} words do not make kind ${kind} with vlen ${vlen}`);
    }
    return this.addRaw(name, packInfo(kind, vlen, kflag), sizeOrType, tail);
  }

  /** Appends a type of any kind by its `info` word, unchecked. */
  addRaw(name: number, info: number, sizeOrType: number, tail: ArrayLike<number>): number {
    const at = this.#reserve(3 + tail.length);
    this.#words[at] = name;
    this.#words[at + 1] = info;
    this.#words[at + 2] = sizeOrType;
    this.#words.set(tail, at + 3);
    return this.firstId + this.#count++;
  }

  /**
   * Appends a copy of a type of another BTF: strings become this one's, and `mapId` maps each id
   * that it refers to, void included.
   */
  copy(source: Btf, id: number, mapId: (id: number) => number): number {
    const words = source.typeWords(id);
    const at = this.#reserve(words.length);
    const out = this.#words;
    out.set(words, at);
    eachNameSlot(out, at, (slot) => (out[slot] = this.stringFrom(source, out[slot])));
    eachIdSlot(out, at, (slot) => (out[slot] = mapId(out[slot])));
    return this.firstId + this.#count++;
  }

  /**
   * Appends all own types of another BTF unchanged. Correct only if its ids and string offsets mean
   * the same here: its first own id is `nextId`, and the own strings started with the strings of it
   * and its bases.
   */
  addAll(source: Btf): void {
    if (source.firstId !== this.nextId) {
      throw new RangeError(`types from id ${source.firstId} cannot follow at ${this.nextId}`);
    }
    const at = this.#reserve(source.words.length);
    this.#words.set(source.words, at);
    this.#count += source.typeCount;
  }

  /** The bytes: header, types, layouts if any, strings. */
  finish(): Uint8Array<ArrayBuffer> {
    const types = bytesOfWords(this.#words.subarray(0, this.#length), this.endian);
    const layouts = this.#layouts && writeLayouts(this.#layouts, this.endian);
    const strings = this.#strings.bytes;
    const layoutLength = layouts ? layouts.length : 0;
    const header = writeBtfHeader({
      endian: this.endian,
      version: 1,
      flags: 0,
      length: this.#headerLength,
      typeOffset: 0,
      typeLength: types.length,
      layoutOffset: layouts ? types.length : 0,
      layoutLength,
      stringOffset: types.length + layoutLength,
      stringLength: strings.length,
    });
    const parts = [header, types, ...(layouts ? [layouts] : []), strings];
    const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }

  /** The same, parsed: throws FormatError if an id was used whose type was never added. */
  toBtf(section?: string): Btf {
    return parseBtf(this.finish(), {
      base: this.base,
      section,
    });
  }

  #reserve(count: number): number {
    const at = this.#length;
    const needed = at + count;
    if (needed > this.#words.length) {
      const grown = new Uint32Array(Math.max(needed, this.#words.length * 2));
      grown.set(this.#words.subarray(0, at));
      this.#words = grown;
    }
    this.#length = needed;
    return at;
  }
}

/** Whether `btf` is `top` or one of the bases below it. */
function isSelfOrBase(btf: Btf, top: Btf): boolean {
  for (let level: Btf | undefined = top; level; level = level.base) {
    if (level === btf) return true;
  }
  return false;
}
