import { ROW, ROW_CHILDREN, ROW_TAG, type AttributeList } from './abbreviations.ts';
import { At, Form } from '../constants.ts';
import { Entry } from './entry.ts';
import { skipValue } from './skip.ts';
import { unitFault, type Unit } from '../unit.ts';
import type { Tables } from '../tables.ts';

/** The value of an absent attribute. */
export const NOT_SAID = -1;

/**
 * An entry that describes a type, a part of one, or a function. All attributes that matter are read
 * in one pass over its bytes; `Entry` looks up one at a time. One object serves many entries.
 */
export class TypeEntry {
  offset = 0;
  tag = 0;
  hasChildren = false;
  /** Start of the next entry. */
  next = 0;
  /** A string that ends with NUL, in `nameBytes` at `nameAt`; NOT_SAID for none. */
  nameAt = NOT_SAID;
  nameBytes: Uint8Array;
  /** Numbers of entries, 0 for none. */
  type = 0;
  origin = 0;
  signature = 0;
  /** Constants, NOT_SAID for none. */
  byteSize = NOT_SAID;
  bitSize = NOT_SAID;
  /** NaN for none: clang counts a bit field that passes its storage from before that storage. */
  bitOffset = NaN;
  dataBitOffset = NOT_SAID;
  encoding = NOT_SAID;
  upperBound = NOT_SAID;
  count = NOT_SAID;
  /** NOT_SAID if an expression gives it, as `hasMemberBlock` tells. */
  memberAt = NOT_SAID;
  hasMemberBlock = false;
  isDeclaration = false;
  hasLocation = false;
  /** Of an enumerator, 64 bits in two words. */
  valueLow = 0;
  valueHigh = 0;
  /** The constant's form has a sign, and the constant is negative. */
  isNegative = false;
  readonly #entry: Entry;
  readonly #tables: Tables;

  constructor(tables: Tables) {
    this.#tables = tables;
    this.#entry = new Entry(tables);
    this.nameBytes = tables.strings;
  }

  /** Reads the entry at `offset`, whose abbreviation has that index; its values start at `at`. */
  read(unit: Unit, offset: number, index: number, at: number): this {
    const { table } = unit;
    const { rows } = table;
    this.offset = offset;
    this.tag = rows[index * ROW + ROW_TAG];
    this.hasChildren = rows[index * ROW + ROW_CHILDREN] === 1;
    this.nameAt = NOT_SAID;
    this.type = 0;
    this.origin = 0;
    this.signature = 0;
    this.byteSize = NOT_SAID;
    this.bitSize = NOT_SAID;
    this.bitOffset = NaN;
    this.dataBitOffset = NOT_SAID;
    this.encoding = NOT_SAID;
    this.upperBound = NOT_SAID;
    this.count = NOT_SAID;
    this.memberAt = NOT_SAID;
    this.hasMemberBlock = false;
    this.isDeclaration = false;
    this.hasLocation = false;
    this.valueLow = 0;
    this.valueHigh = 0;
    this.isNegative = false;
    this.#attributes(unit, table.attributesOf(index), at);
    return this;
  }

  #attributes(unit: Unit, list: AttributeList, at: number): void {
    const { attributes, forms, sizes, implicit } = list;
    const { bytes } = unit;
    const end = bytes.length;
    for (let spec = 0; spec < attributes.length; spec++) {
      const form = forms[spec];
      const size = sizes[spec];
      switch (attributes[spec]) {
        case At.NAME:
          this.#name(unit, form, at);
          break;
        case At.TYPE:
          this.type = this.#reference(unit, form, at, At.TYPE);
          break;
        case At.ABSTRACT_ORIGIN:
        case At.SPECIFICATION:
          this.origin = this.#reference(unit, form, at, attributes[spec]);
          break;
        case At.SIGNATURE:
          this.signature = this.#other(unit).reference(At.SIGNATURE);
          break;
        case At.BYTE_SIZE:
          this.byteSize = this.#constant(unit, form, at, At.BYTE_SIZE, implicit[spec]);
          break;
        case At.BIT_SIZE:
          this.bitSize = this.#constant(unit, form, at, At.BIT_SIZE, implicit[spec]);
          break;
        case At.BIT_OFFSET:
          this.bitOffset = this.#other(unit).signed(At.BIT_OFFSET) ?? NaN;
          break;
        case At.DATA_BIT_OFFSET:
          this.dataBitOffset = this.#constant(unit, form, at, At.DATA_BIT_OFFSET, implicit[spec]);
          break;
        case At.DATA_MEMBER_LOCATION:
          this.memberAt = this.#constant(unit, form, at, At.DATA_MEMBER_LOCATION, implicit[spec]);
          this.hasMemberBlock = this.memberAt === NOT_SAID;
          break;
        case At.ENCODING:
          this.encoding = this.#constant(unit, form, at, At.ENCODING, implicit[spec]);
          break;
        case At.UPPER_BOUND:
          this.upperBound = this.#constant(unit, form, at, At.UPPER_BOUND, implicit[spec]);
          break;
        case At.COUNT:
          this.count = this.#constant(unit, form, at, At.COUNT, implicit[spec]);
          break;
        case At.DECLARATION:
          this.isDeclaration = form === Form.FLAG_PRESENT || bytes[at] !== 0;
          break;
        case At.LOCATION:
          this.hasLocation = true;
          break;
        case At.CONST_VALUE:
          this.#value(unit, form, at);
          break;
        default:
      }
      at = size >= 0 ? at + size : skipValue(unit, size, at);
      // Checked here, so that nothing beyond the unit is read.
      if (at > end) throw unitFault(unit, this.offset, 'an entry passes the end of its unit');
    }
    this.next = at;
  }

  /** The same entry, for rare attributes. */
  #other(unit: Unit): Entry {
    return this.#entry.read(unit, this.offset);
  }

  #name(unit: Unit, form: number, at: number): void {
    if (form === Form.STRING) {
      this.nameBytes = unit.bytes;
      this.nameAt = at;
      return;
    }
    if (form === Form.STRP && unit.header.offsetSize === 4 && at + 4 <= unit.bytes.length) {
      const place = unit.view.getUint32(at, unit.endian === 'little');
      if (place < this.#tables.strings.length) {
        this.nameBytes = this.#tables.strings;
        this.nameAt = place;
        return;
      }
    }
    const entry = this.#other(unit);
    if (!entry.text(At.NAME)) return;
    this.nameBytes = entry.textBytes;
    this.nameAt = entry.textAt;
  }

  #reference(unit: Unit, form: number, at: number, attribute: number): number {
    if (form === Form.REF4 && at + 4 <= unit.bytes.length) {
      const offset = unit.view.getUint32(at, unit.endian === 'little');
      if (offset >= unit.header.firstEntry && offset < unit.bytes.length) {
        return unit.start + offset;
      }
    }
    return this.#other(unit).reference(attribute);
  }

  /** `implicit`: offset in .debug_abbrev of the constant of an implicit form. */
  #constant(unit: Unit, form: number, at: number, attribute: number, implicit: number): number {
    if (form === Form.IMPLICIT_CONST) {
      const byte = this.#tables.abbreviations[implicit];
      if (byte < 0x40) return byte;
    }
    if (form === Form.DATA1) return at < unit.bytes.length ? unit.bytes[at] : NOT_SAID;
    if (form === Form.DATA2 && at + 2 <= unit.bytes.length) {
      return unit.view.getUint16(at, unit.endian === 'little');
    }
    return this.#other(unit).unsigned(attribute) ?? NOT_SAID;
  }

  #value(unit: Unit, form: number, at: number): void {
    if (form === Form.DATA1 && at < unit.bytes.length) {
      this.valueLow = unit.bytes[at];
      return;
    }
    const value = this.#other(unit).integer(At.CONST_VALUE);
    if (value === undefined) return;
    this.valueLow = Number(BigInt.asUintN(32, value));
    this.valueHigh = Number(BigInt.asUintN(32, value >> 32n));
    this.isNegative = value < 0n;
  }
}
