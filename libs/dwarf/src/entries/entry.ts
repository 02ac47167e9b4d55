import type { FormatError } from '@btf-depot/bytes';
import { formatWhere } from '@btf-depot/bytes';
import { ROW, ROW_CHILDREN, ROW_TAG, type AttributeList } from './abbreviations.ts';
import { Form } from '../constants.ts';
import { SKIP_INDIRECT } from './forms.ts';
import { Leb128 } from '../leb128.ts';
import { abbreviationOf, need, skipValue } from './skip.ts';
import { addressAt, splitAddress } from '../locations/addresses.ts';
import type { Tables } from '../tables.ts';
import { unitFault, type Unit } from '../unit.ts';

const leb = new Leb128();

/** No form has this number. */
const NONE = 0;

/**
 * The entry that was read last. One object serves many entries: `read` moves it, the other methods
 * give attributes. An entry's number is its unit's `start` plus its offset in the unit. A value of
 * another class than requested counts as absent. All methods throw FormatError `dwarf-entry` for
 * data outside the unit or section.
 */
export class Entry {
  offset = 0;
  /** 0 for the end of a list of children. */
  tag = 0;
  hasChildren = false;
  /** The string found by `text`: it ends with NUL, in `textBytes` at `textAt`. */
  textBytes: Uint8Array;
  textAt = 0;
  /** The range found by `bytes`. */
  bytesAt = 0;
  bytesEnd = 0;
  readonly #tables: Tables;
  #unit: Unit | undefined;
  #list: AttributeList | undefined;
  /** Start of each attribute, relative to `#base`. */
  #positions: readonly number[] = [];
  #base = 0;
  /** For entries whose attributes have no fixed offsets. */
  readonly #computed: number[] = [];
  /** Of the value found by `#form`. */
  #at = 0;
  #implicit = 0;

  constructor(tables: Tables) {
    this.#tables = tables;
    this.textBytes = tables.strings;
  }

  /** The entry at an offset of a unit. */
  read(unit: Unit, offset: number): this {
    const { bytes, table } = unit;
    need(unit, offset, 1);
    let code = bytes[offset];
    let at = offset + 1;
    if (code >= 0x80) {
      code = leb.unsigned(bytes, offset);
      at = leb.next;
    }
    this.#unit = unit;
    this.offset = offset;
    this.#list = undefined;
    this.tag = 0;
    this.hasChildren = false;
    if (code === 0) return this;
    const index = abbreviationOf(unit, code, offset);
    const list = table.attributesOf(index);
    this.#base = at;
    if (list.length >= 0) {
      this.#positions = list.offsets;
      if (at + list.length > bytes.length) throw tooLong(unit, offset);
    } else this.#place(unit, list);
    this.#list = list;
    this.tag = table.rows[index * ROW + ROW_TAG];
    this.hasChildren = table.rows[index * ROW + ROW_CHILDREN] === 1;
    return this;
  }

  has(attribute: number): boolean {
    return this.#find(attribute) >= 0;
  }

  flag(attribute: number): boolean {
    const form = this.#form(attribute);
    return form === Form.FLAG_PRESENT || (form === Form.FLAG && this.#unit?.bytes[this.#at] !== 0);
  }

  /** A constant, as an unsigned number if the form does not say; exact up to 2^53. */
  unsigned(attribute: number): number | undefined {
    const form = this.#form(attribute);
    const unit = this.#unit;
    if (form === NONE || unit === undefined) return undefined;
    const at = this.#at;
    const little = unit.endian === 'little';
    switch (form) {
      case Form.DATA1:
        return unit.bytes[at];
      case Form.DATA2:
        return unit.view.getUint16(at, little);
      case Form.DATA4:
        return unit.view.getUint32(at, little);
      case Form.DATA8: {
        const low = unit.view.getUint32(little ? at : at + 4, little);
        return unit.view.getUint32(little ? at + 4 : at, little) * 2 ** 32 + low;
      }
      case Form.UDATA:
        return leb.unsigned(unit.bytes, at);
      default: {
        const exact = this.integer(attribute);
        return exact === undefined ? undefined : Number(exact);
      }
    }
  }

  /** A constant in two's complement, exact up to 2^53; a form of 64 bits has a sign here. */
  signed(attribute: number): number | undefined {
    const exact = this.integer(attribute);
    return exact === undefined ? undefined : Number(BigInt.asIntN(64, exact));
  }

  /** A constant of any size; negative only if its form is signed. */
  integer(attribute: number): bigint | undefined {
    const form = this.#form(attribute);
    const unit = this.#unit;
    if (form === NONE || unit === undefined) return undefined;
    const at = this.#at;
    const little = unit.endian === 'little';
    switch (form) {
      case Form.DATA1:
        return BigInt(unit.bytes[at]);
      case Form.DATA2:
        return BigInt(unit.view.getUint16(at, little));
      case Form.DATA4:
        return BigInt(unit.view.getUint32(at, little));
      case Form.DATA8:
        return unit.view.getBigUint64(at, little);
      case Form.UDATA:
        return leb.unsigned64(unit.bytes, at);
      case Form.SDATA:
        return leb.signed64(unit.bytes, at);
      case Form.IMPLICIT_CONST:
        return leb.signed64(this.#tables.abbreviations, this.#implicit);
      default:
        return undefined;
    }
  }

  /** A value that is an offset in another section. */
  sectionOffset(attribute: number): number | undefined {
    const form = this.#form(attribute);
    const unit = this.#unit;
    if (form === NONE || unit === undefined) return undefined;
    const at = this.#at;
    // Before DWARF 4, DATA4 and DATA8 were used for these.
    if (form === Form.SEC_OFFSET) return readOffset(unit, at);
    return form === Form.DATA4 || form === Form.DATA8 ? this.unsigned(attribute) : undefined;
  }

  /** An address, as a number of the file's AddressSpace. Throws `dwarf-split` for a .dwo file's. */
  address(attribute: number): number | undefined {
    const form = this.#form(attribute);
    const unit = this.#unit;
    if (form === NONE || unit === undefined) return undefined;
    const at = this.#at;
    const { space } = this.#tables;
    if (form === Form.ADDR) {
      return space.read(unit.view, at, unit.header.addressSize, unit.endian === 'little');
    }
    const index = indexOf(unit, form, Form.ADDRX, Form.ADDRX1, at);
    if (index !== undefined) return addressAt(unit, this.#tables, index, at);
    if (form === Form.GNU_ADDR_INDEX) throw splitAddress(unit, at);
    return undefined;
  }

  /** The value of DW_FORM_loclistx and rnglistx. */
  listIndex(attribute: number): number | undefined {
    const form = this.#form(attribute);
    if (this.#unit === undefined || (form !== Form.LOCLISTX && form !== Form.RNGLISTX)) {
      return undefined;
    }
    return leb.unsigned(this.#unit.bytes, this.#at);
  }

  /**
   * The number of the referenced entry, 0 for none. Throws `dwarf-alternate` for a reference of
   * dwz.
   */
  reference(attribute: number): number {
    const form = this.#form(attribute);
    const unit = this.#unit;
    if (form === NONE || unit === undefined) return 0;
    const at = this.#at;
    const little = unit.endian === 'little';
    switch (form) {
      case Form.REF1:
        return this.#local(unit, unit.bytes[at]);
      case Form.REF2:
        return this.#local(unit, unit.view.getUint16(at, little));
      case Form.REF4:
        return this.#local(unit, unit.view.getUint32(at, little));
      case Form.REF8:
        return this.#local(unit, Number(unit.view.getBigUint64(at, little)));
      case Form.REF_UDATA:
        return this.#local(unit, leb.unsigned(unit.bytes, at));
      case Form.REF_ADDR:
        if (unit.header.version > 2) return readOffset(unit, at);
        return unit.header.addressSize === 8
          ? Number(unit.view.getBigUint64(at, little))
          : unit.view.getUint32(at, little);
      case Form.REF_SIG8: {
        const signature = unit.view.getBigUint64(at, little);
        const target = this.#tables.signatures.get(signature);
        if (target !== undefined) return target;
        throw unitFault(unit, at, `no type unit has the signature 0x${signature.toString(16)}`);
      }
      case Form.REF_SUP4:
      case Form.REF_SUP8:
      case Form.GNU_REF_ALT:
        throw alternate(unit, at);
      default:
        return 0;
    }
  }

  /** The bytes of an expression or block. */
  block(attribute: number): Uint8Array | undefined {
    const isThere = this.bytes(attribute);
    return isThere ? this.#unit?.bytes.subarray(this.bytesAt, this.bytesEnd) : undefined;
  }

  /**
   * Finds an expression or block, and sets `bytesAt` and `bytesEnd` to its place in the unit.
   * Returns false if there is none.
   */
  bytes(attribute: number): boolean {
    const form = this.#form(attribute);
    const unit = this.#unit;
    if (form === NONE || unit === undefined) return false;
    const at = this.#at;
    const { bytes, view, endian } = unit;
    const little = endian === 'little';
    switch (form) {
      case Form.EXPRLOC:
      case Form.BLOCK: {
        const length = leb.unsigned(bytes, at);
        return this.#bytesFrom(leb.next, length);
      }
      case Form.BLOCK1:
        return this.#bytesFrom(at + 1, bytes[at]);
      case Form.BLOCK2:
        return this.#bytesFrom(at + 2, view.getUint16(at, little));
      case Form.BLOCK4:
        return this.#bytesFrom(at + 4, view.getUint32(at, little));
      default:
        return false;
    }
  }

  /** Finds a string, and sets `textBytes` and `textAt`. Returns false if there is none. */
  text(attribute: number): boolean {
    const form = this.#form(attribute);
    const unit = this.#unit;
    if (form === NONE || unit === undefined) return false;
    const at = this.#at;
    const { strings, lineStrings } = this.#tables;
    switch (form) {
      case Form.STRING:
        this.textBytes = unit.bytes;
        this.textAt = at;
        return true;
      case Form.STRP:
        return this.#textIn(unit, strings, '.debug_str', readOffset(unit, at));
      case Form.LINE_STRP:
        return this.#textIn(unit, lineStrings, '.debug_line_str', readOffset(unit, at));
      case Form.STRP_SUP:
      case Form.GNU_STRP_ALT:
        throw alternate(unit, at);
      case Form.GNU_STR_INDEX:
        throw unitFault(unit, at, 'a string of a .dwo file, which is not read', 'dwarf-split');
      default: {
        const index = indexOf(unit, form, Form.STRX, Form.STRX1, at);
        if (index === undefined) return false;
        const offset = this.#stringOffset(unit, index, at);
        return this.#textIn(unit, strings, '.debug_str', offset);
      }
    }
  }

  /** The string, one character a byte. */
  string(attribute: number): string | undefined {
    if (!this.text(attribute)) return undefined;
    const { textBytes, textAt } = this;
    const end = textBytes.indexOf(0, textAt);
    return Buffer.from(textBytes.buffer, textBytes.byteOffset + textAt, end - textAt).toString(
      'latin1',
    );
  }

  #bytesFrom(at: number, length: number): true {
    this.bytesAt = at;
    this.bytesEnd = at + length;
    return true;
  }

  #local(unit: Unit, offset: number): number {
    if (offset < unit.header.firstEntry || offset >= unit.bytes.length) {
      throw unitFault(unit, this.offset, `a reference to ${offset}, which is not in the unit`);
    }
    return unit.start + offset;
  }

  #stringOffset(unit: Unit, index: number, at: number): number {
    const { stringOffsets } = this.#tables;
    const { offsetSize } = unit.header;
    const place = unit.strOffsetsBase + index * offsetSize;
    if (unit.strOffsetsBase < 0 || place + offsetSize > stringOffsets.length) {
      throw unitFault(unit, at, `string ${index} is not in .debug_str_offsets`);
    }
    const view = new DataView(stringOffsets.buffer, stringOffsets.byteOffset + place, offsetSize);
    const little = unit.endian === 'little';
    return offsetSize === 8 ? Number(view.getBigUint64(0, little)) : view.getUint32(0, little);
  }

  #textIn(unit: Unit, bytes: Uint8Array, section: string, offset: number): boolean {
    // The section ends with NUL (see Tables), so each offset in it starts a string.
    if (offset >= bytes.length) {
      const where = formatWhere({ section, offset });
      throw unitFault(unit, this.offset, `a string at ${where}, outside`);
    }
    this.textBytes = bytes;
    this.textAt = offset;
    return true;
  }

  /** Index of an attribute in the entry's list, -1 if absent. */
  #find(attribute: number): number {
    if (this.#list === undefined) return -1;
    // Faster than indexOf for lists this short.
    const { attributes } = this.#list;
    for (let spec = 0; spec < attributes.length; spec++) {
      if (attributes[spec] === attribute) return spec;
    }
    return -1;
  }

  /** The form of an attribute, NONE if absent; sets `#at` and `#implicit` to its value. */
  #form(attribute: number): number {
    const spec = this.#find(attribute);
    const list = this.#list;
    if (spec < 0 || list === undefined) return NONE;
    const at = this.#base + this.#positions[spec];
    this.#at = at;
    this.#implicit = list.implicit[spec];
    if (list.sizes[spec] !== SKIP_INDIRECT) return list.forms[spec];
    const form = this.#unit ? leb.unsigned(this.#unit.bytes, at) : NONE;
    this.#at = leb.next;
    return form;
  }

  /** Finds the start of each attribute if it depends on those before. */
  #place(unit: Unit, { sizes, offsets }: AttributeList): void {
    const positions = this.#computed;
    this.#positions = positions;
    for (let spec = 0; spec < offsets.length; spec++) positions[spec] = offsets[spec];
    const base = this.#base;
    const placed = offsets.length - 1;
    let at = base + offsets[placed];
    for (let spec = placed; spec < sizes.length; spec++) {
      positions[spec] = at - base;
      const size = sizes[spec];
      at = size >= 0 ? at + size : skipValue(unit, size, at);
      // Checked here, so that no position exceeds 32 bits.
      if (at > unit.bytes.length) throw tooLong(unit, this.offset);
    }
  }
}

function tooLong(unit: Unit, at: number): FormatError {
  return unitFault(unit, at, 'an entry passes the end of its unit');
}

/** An offset of the unit's offset size. */
function readOffset(unit: Unit, at: number): number {
  const little = unit.endian === 'little';
  return unit.header.offsetSize === 8
    ? Number(unit.view.getBigUint64(at, little))
    : unit.view.getUint32(at, little);
}

/** The index in DW_FORM_strx, addrx (LEB128) or its variants of 1 to 4 bytes. */
function indexOf(unit: Unit, form: number, leb128: number, oneByte: number, at: number) {
  if (form === leb128) return leb.unsigned(unit.bytes, at);
  const size = form - oneByte + 1;
  if (size < 1 || size > 4) return undefined;
  let index = 0;
  for (let i = 0; i < size; i++) {
    const byte = unit.bytes[unit.endian === 'little' ? at + size - 1 - i : at + i];
    index = index * 256 + byte;
  }
  return index;
}

function alternate(unit: Unit, at: number): FormatError {
  const message = "what it says is in dwz's alternate file (.gnu_debugaltlink), which is not read";
  return unitFault(unit, at, message, 'dwarf-alternate');
}
