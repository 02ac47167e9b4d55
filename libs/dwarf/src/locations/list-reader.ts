import { FormatError } from '@btf-depot/bytes';
import type { AddressSpace } from '../address-space.ts';
import { addressAt } from './addresses.ts';
import { Budget } from '../budget.ts';
import type { Dwarf } from '../dwarf.ts';
import { Leb128 } from '../leb128.ts';
import type { Unit } from '../unit.ts';

// DW_RLE_* (DWARF 5, 7.25). DW_LLE_* (7.7.3) have the same order with DEFAULT_LOCATION inserted.
const END_OF_LIST = 0;
const BASE_ADDRESSX = 1;
const STARTX_ENDX = 2;
const STARTX_LENGTH = 3;
const OFFSET_PAIR = 4;
const BASE_ADDRESS = 5;
const START_END = 6;
const START_LENGTH = 7;
const LLE_DEFAULT_LOCATION = 5;
/**
 * DW_LLE_GNU_view_pair, which gcc's -gvariable-location-views=incompat5 writes before the entry.
 */
const LLE_VIEW_PAIR = 9;

const leb = new Leb128();

/**
 * Reads lists of address ranges (DWARF 5, 2.17.3; DWARF 4, .debug_ranges) and of locations (2.6.2;
 * DWARF 4, .debug_loc). `start` moves to a list, `next` to each entry that has a range. Throws
 * FormatError `dwarf-list` for a list that exceeds its section or has an entry of an unknown kind,
 * `dwarf-limit`, `dwarf-entry` for an invalid address index.
 */
export class ListReader {
  /** Range of the current entry, as numbers of the AddressSpace; `end` is exclusive. */
  begin = 0;
  end = 0;
  /** For locations: the expression, in `bytes`. */
  expressionAt = 0;
  expressionEnd = 0;
  /** For locations: the entry holds wherever no other entry does. */
  isDefault = false;
  /** Offset of the view pair before the entry, -1 if none. */
  beginView = -1;
  endView = -1;
  bytes: Uint8Array = new Uint8Array();
  readonly #dwarf: Dwarf;
  readonly #space: AddressSpace;
  readonly #zero: number;
  readonly #hasExpressions: boolean;
  readonly #name: { readonly v5: string; readonly v4: string };
  /** Steps that all lists of a file may take together; a large kernel takes tens of millions. */
  readonly #steps: Budget;
  #view = new DataView(this.bytes.buffer);
  #unit: Unit | undefined;
  #section = '';
  #at = 0;
  #base = 0;

  constructor(dwarf: Dwarf, of: 'ranges' | 'locations') {
    this.#dwarf = dwarf;
    this.#space = dwarf.tables.space;
    this.#zero = this.#space.of(0n);
    this.#hasExpressions = of === 'locations';
    this.#name =
      of === 'locations'
        ? { v5: '.debug_loclists', v4: '.debug_loc' }
        : { v5: '.debug_rnglists', v4: '.debug_ranges' };
    this.#steps = new Budget('list entries', dwarf.limits.listEntries);
  }

  /** The list at an offset of the section that belongs to the unit's version of DWARF. */
  start(unit: Unit, offset: number): void {
    const { v4, v5 } = this.#name;
    const section = unit.header.version >= 5 ? v5 : v4;
    if (section !== this.#section) {
      this.#section = section;
      this.bytes = this.#dwarf.section(section);
      const { buffer, byteOffset, byteLength } = this.bytes;
      this.#view = new DataView(buffer, byteOffset, byteLength);
    }
    this.#unit = unit;
    this.#at = offset;
    this.#base = unit.lowPc;
  }

  /** The list at an index of .debug_rnglists or .debug_loclists. */
  startAt(unit: Unit, index: number): void {
    const base = this.#hasExpressions ? unit.locationsBase : unit.rangesBase;
    this.start(unit, 0);
    const { offsetSize } = unit.header;
    const place = base + index * offsetSize;
    if (base < 0) throw this.#fault(0, `list ${index} of a unit that numbers none`);
    this.#need(place, offsetSize);
    const little = unit.endian === 'little';
    this.#at =
      base +
      (offsetSize === 8
        ? Number(this.#view.getBigUint64(place, little))
        : this.#view.getUint32(place, little));
  }

  /** Moves to the next entry; returns false at the end of the list. */
  next(): boolean {
    const unit = this.#unit;
    if (unit === undefined) return false;
    this.isDefault = false;
    this.beginView = -1;
    this.endView = -1;
    return unit.header.version >= 5 ? this.#next5(unit) : this.#next4(unit);
  }

  #next5(unit: Unit): boolean {
    for (;;) {
      const start = this.#at;
      this.#steps.take(1, this.#section, start);
      this.#need(start, 1);
      this.#at++;
      const code = this.bytes[start];
      switch (this.#hasExpressions ? this.#rangeCode(code) : code) {
        case END_OF_LIST:
          return false;
        case BASE_ADDRESSX:
          this.#base = this.#indexed(unit);
          continue;
        case BASE_ADDRESS:
          this.#base = this.#address(unit);
          continue;
        case LLE_VIEW_PAIR:
          this.beginView = this.#unsigned();
          this.endView = this.#unsigned();
          continue;
        case STARTX_ENDX:
          this.begin = this.#indexed(unit);
          this.end = this.#indexed(unit);
          break;
        case STARTX_LENGTH:
          this.begin = this.#indexed(unit);
          this.end = this.begin + this.#unsigned();
          break;
        case OFFSET_PAIR:
          this.begin = this.#base + this.#unsigned();
          this.end = this.#base + this.#unsigned();
          break;
        case START_END:
          this.begin = this.#address(unit);
          this.end = this.#address(unit);
          break;
        case START_LENGTH:
          this.begin = this.#address(unit);
          this.end = this.begin + this.#unsigned();
          break;
        case DEFAULT:
          this.isDefault = true;
          break;
        default:
          throw this.#fault(start, `an entry of the unknown kind ${code}`);
      }
      if (this.#hasExpressions) this.#expression(this.#unsigned());
      return true;
    }
  }

  #rangeCode(code: number): number {
    if (code < LLE_DEFAULT_LOCATION || code === LLE_VIEW_PAIR) return code;
    if (code === LLE_DEFAULT_LOCATION) return DEFAULT;
    return code < LLE_VIEW_PAIR ? code - 1 : UNKNOWN;
  }

  /** DWARF 4, 2.6.2 and 2.17.3: pairs of addresses. */
  #next4(unit: Unit): boolean {
    const { addressSize } = unit.header;
    const little = unit.endian === 'little';
    for (;;) {
      this.#steps.take(1, this.#section, this.#at);
      this.#need(this.#at, addressSize * 2);
      const first = this.#at;
      const second = first + addressSize;
      this.#at = second + addressSize;
      if (this.#isAll(0xff, first, addressSize)) {
        this.#base = this.#space.read(this.#view, second, addressSize, little);
        continue;
      }
      if (this.#isAll(0, first, addressSize * 2)) return false;
      this.begin = this.#relative(first, addressSize, little);
      this.end = this.#relative(second, addressSize, little);
      if (this.#hasExpressions) {
        this.#need(this.#at, 2);
        const length = this.#view.getUint16(this.#at, little);
        this.#at += 2;
        this.#expression(length);
      }
      return true;
    }
  }

  #isAll(byte: number, at: number, size: number): boolean {
    for (let i = 0; i < size; i++) {
      if (this.bytes[at + i] !== byte) return false;
    }
    return true;
  }

  /** The base plus the value at `at`; with base 0 the value is an address. */
  #relative(at: number, size: number, little: boolean): number {
    if (this.#base === this.#zero) return this.#space.read(this.#view, at, size, little);
    const offset =
      size === 8 ? Number(this.#view.getBigUint64(at, little)) : this.#view.getUint32(at, little);
    return this.#base + offset;
  }

  #expression(length: number): void {
    this.#need(this.#at, length);
    this.expressionAt = this.#at;
    this.#at += length;
    this.expressionEnd = this.#at;
  }

  #unsigned(): number {
    const value = leb.unsigned(this.bytes, this.#at);
    this.#at = leb.next;
    return value;
  }

  #indexed(unit: Unit): number {
    return addressAt(unit, this.#dwarf.tables, this.#unsigned(), unit.header.firstEntry);
  }

  #address(unit: Unit): number {
    const { addressSize } = unit.header;
    this.#need(this.#at, addressSize);
    const little = unit.endian === 'little';
    const value = this.#space.read(this.#view, this.#at, addressSize, little);
    this.#at += addressSize;
    return value;
  }

  #need(at: number, count: number): void {
    if (at >= 0 && at + count <= this.bytes.length) return;
    throw this.#fault(at, 'a list passes the end of the section');
  }

  #fault(offset: number, message: string): FormatError {
    return new FormatError('dwarf-list', message, { section: this.#section, offset });
  }
}

const DEFAULT = 10;
const UNKNOWN = 11;
