import { FormatError, type Endian } from '@btf-depot/bytes';
import { infoKind, infoVlen, Kind } from '../kinds.ts';
import type { BtfHeader } from './header.ts';
import type { KindLayout } from './layout.ts';
import { NameIndex } from './name-index.ts';
import { StringTable } from './string-table.ts';

/** Most links of a chain of modifiers; C code has under ten, a kernel allows 32. */
const MAX_CHAIN = 256;

/** The contents of a `Btf`; see the fields there. */
export interface BtfParts {
  readonly bytes: Uint8Array;
  readonly section: string;
  readonly header: BtfHeader;
  readonly layouts: readonly KindLayout[];
  readonly base: Btf | undefined;
  readonly words: Uint32Array;
  readonly positions: Uint32Array;
  readonly strings: Uint8Array;
}

/**
 * One BTF in wire format: its bytes, and the start of each type. Ids and string offsets of split
 * BTF continue those of its base, and every method accepts ids of both.
 *
 * Hot loops over the own types read `words` at `positions[id - firstId]`; nothing is allocated per
 * type. `parseBtf` makes it and checks every id and string offset, so that the methods cannot leave
 * the arrays for ids below `endId`. It does not check for cycles.
 */
export class Btf {
  /** The own bytes, as passed in. */
  readonly bytes: Uint8Array;
  /** Name of the section, for messages. */
  readonly section: string;
  readonly header: BtfHeader;
  readonly endian: Endian;
  /** The layout section (Linux 7.1), by kind; empty if there is none. */
  readonly layouts: readonly KindLayout[];
  readonly base: Btf | undefined;
  /** Number of bases below this one: 0 for standalone BTF. */
  readonly level: number;
  /** Id of the first own type: 1, or the base's `endId`. */
  readonly firstId: number;
  /** One past the last own type's id. */
  readonly endId: number;
  /** The own type section as words of this machine's byte order. */
  readonly words: Uint32Array;
  /** Word index of each own type. */
  readonly positions: Uint32Array;
  /** The own string section. */
  readonly strings: Uint8Array;
  /** String offset of the first own byte. */
  readonly stringStart: number;
  readonly stringEnd: number;
  readonly #text: Buffer;
  #stringTable: StringTable | undefined;
  #nameIndex: NameIndex | undefined;

  constructor(parts: BtfParts) {
    const { bytes, section, header, layouts, base, words, positions, strings } = parts;
    this.bytes = bytes;
    this.section = section;
    this.header = header;
    this.endian = header.endian;
    this.layouts = layouts;
    this.base = base;
    this.level = base ? base.level + 1 : 0;
    this.firstId = base ? base.endId : 1;
    this.endId = this.firstId + positions.length;
    this.words = words;
    this.positions = positions;
    this.strings = strings;
    this.stringStart = base ? base.stringEnd : 0;
    this.stringEnd = this.stringStart + strings.length;
    this.#text = Buffer.from(strings.buffer, strings.byteOffset, strings.length);
  }

  /** Number of own types, without void and the base's. */
  get typeCount(): number {
    return this.positions.length;
  }

  /** The BTF, among this and its bases, that has the id; for 0 (void) the lowest. */
  owner(id: number): Btf {
    if (id >= this.firstId && id < this.endId) return this;
    if (this.base && id < this.firstId) return this.base.owner(id);
    if (id === 0) return this;
    throw new FormatError('btf-type-id', `type id ${id} of ${this.endId}`, {
      section: this.section,
    });
  }

  /** The type's `info` word; 0 for void. */
  info(id: number): number {
    if (id >= this.firstId) return this.words[this.positions[id - this.firstId] + 1];
    return this.base && id !== 0 ? this.base.info(id) : 0;
  }

  kind(id: number): number {
    return infoKind(this.info(id));
  }

  vlen(id: number): number {
    return infoVlen(this.info(id));
  }

  /** Bit 31 of `info`: bit fields in a struct, a union behind a FWD, a signed enum, … */
  kflag(id: number): boolean {
    return this.info(id) >>> 31 === 1;
  }

  /** The head's third word: a size in bytes, or a type id, by kind. */
  sizeOrType(id: number): number {
    if (id >= this.firstId) return this.words[this.positions[id - this.firstId] + 2];
    return this.base && id !== 0 ? this.base.sizeOrType(id) : 0;
  }

  /** Word `index` after the type's head: its fixed words, then its elements. */
  tail(id: number, index: number): number {
    if (id >= this.firstId) return this.words[this.positions[id - this.firstId] + 3 + index];
    return this.base && id !== 0 ? this.base.tail(id, index) : 0;
  }

  /** All words of a type, head included: a view, in this machine's byte order. */
  typeWords(id: number): Uint32Array {
    const { words, positions, firstId } = this.owner(id);
    if (id === 0) return words.subarray(0, 0);
    const own = id - firstId;
    return words.subarray(positions[own], positions[own + 1] ?? words.length);
  }

  nameOffset(id: number): number {
    if (id >= this.firstId) return this.words[this.positions[id - this.firstId]];
    return this.base && id !== 0 ? this.base.nameOffset(id) : 0;
  }

  /** The type's name, empty for anonymous ones. */
  name(id: number): string {
    return this.string(this.nameOffset(id));
  }

  /** Byte offset of an own type in the whole, header included. */
  byteOffset(id: number): number {
    const { length, typeOffset } = this.header;
    return length + typeOffset + this.positions[id - this.firstId] * 4;
  }

  /** The string at an offset, one character a byte (so nothing is lost). Throws `btf-string`. */
  string(offset: number): string {
    if (offset === 0) return '';
    const level = this.#stringOwner(offset);
    const at = offset - level.stringStart;
    return level.#text.toString('latin1', at, level.#text.indexOf(0, at));
  }

  /** The same as a view of the string's bytes, without the NUL. */
  stringBytes(offset: number): Uint8Array {
    if (offset === 0) return this.strings.subarray(0, 0);
    const { strings, stringStart } = this.#stringOwner(offset);
    const at = offset - stringStart;
    return strings.subarray(at, strings.indexOf(0, at));
  }

  /** The own strings, searchable by content. Built on first use; add nothing to it. */
  get stringTable(): StringTable {
    this.#stringTable ??= new StringTable(this.stringStart, this.strings);
    return this.#stringTable;
  }

  /** Offset of a string, the base's before the own; -1 if none has it. */
  findString(bytes: Uint8Array): number {
    const found = this.base ? this.base.findString(bytes) : -1;
    return found === -1 ? this.stringTable.find(bytes, 0, bytes.length) : found;
  }

  /** The first type of that name, and of that kind if given: the base's before the own. */
  find(name: string, kind?: number): number | undefined {
    const below = this.base?.find(name, kind);
    return below ?? this.#names().find(name, kind);
  }

  /** All types of that name and kind, in the order of their ids. */
  findAll(name: string, kind?: number): number[] {
    return [...(this.base?.findAll(name, kind) ?? []), ...this.#names().findAll(name, kind)];
  }

  /** Follows typedefs and qualifiers. Undefined for a cycle, or more than 256. */
  resolve(id: number): number | undefined {
    for (let links = 0; links <= MAX_CHAIN; links++) {
      if (!isModifier(this.kind(id))) return id;
      id = this.sizeOrType(id);
    }
    return undefined;
  }

  #names(): NameIndex {
    this.#nameIndex ??= new NameIndex(this);
    return this.#nameIndex;
  }

  #stringOwner(offset: number): Btf {
    if (offset >= this.stringStart && offset < this.stringEnd) return this;
    if (this.base && offset < this.stringStart) return this.base.#stringOwner(offset);
    const message = `string offset ${offset} of ${this.stringEnd}`;
    throw new FormatError('btf-string', message, { section: this.section });
  }
}

/** Typedefs, qualifiers and type tags: links between a use and the type with a size. */
export function isModifier(kind: number): boolean {
  return (
    kind === Kind.TYPEDEF ||
    kind === Kind.CONST ||
    kind === Kind.VOLATILE ||
    kind === Kind.RESTRICT ||
    kind === Kind.TYPE_TAG
  );
}
