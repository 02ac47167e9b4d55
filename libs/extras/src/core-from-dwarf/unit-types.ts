import {
  At,
  eachTypeEntry,
  Entry,
  NOT_SAID,
  Tag,
  TypeEntry,
  unitFault,
  type Dwarf,
  type Unit,
} from '@btf-depot/dwarf';
import type { DwarfNames } from './dwarf-names.ts';

/** Offsets of a unit that are looked up in an array; beyond that few units go. */
const INDEXED = 64 * 1024 * 1024;

/** Places for types and children to begin with. */
const FIRST = 1024;

/** An entry that says something of a type or function. */
export interface Annotation {
  /** The type or function. */
  readonly owner: number;
  /** Its member or parameter that this is about; NONE for all of it. */
  readonly child: number;
  /** Of the entry. */
  readonly offset: number;
}

/** What stands for no child, and no entry. */
export const NONE = 0;

/**
 * The types and functions of one unit as their entries say them, in columns: whole types by a
 * number from 1 on in the order of their entries, their members, parameters, enumerators and
 * dimensions as children in a list. References are numbers of entries. Used again for each unit.
 */
export class UnitTypes {
  count = 0;
  unit: Unit | undefined;
  // Of each type or function.
  tag = new Uint16Array(FIRST);
  offset = new Uint32Array(FIRST);
  name = new Uint32Array(FIRST);
  type = new Float64Array(FIRST);
  /** Abstract origin or specification of a function, signature of a composite. */
  origin = new Float64Array(FIRST);
  /** Bytes; NOT_SAID where it is not said. */
  size = new Float64Array(FIRST);
  encoding = new Int32Array(FIRST);
  isDeclaration = new Uint8Array(FIRST);
  firstChild = new Uint32Array(FIRST);
  #lastChild = new Uint32Array(FIRST);
  // Of each child.
  childTag = new Uint16Array(FIRST);
  childName = new Uint32Array(FIRST);
  /** Type of a member or parameter; of an annotation the offset of its entry. */
  childType = new Float64Array(FIRST);
  /** Place in bits of a member, low word of an enumerator, elements of a dimension, origin. */
  low = new Float64Array(FIRST);
  /** Width in bits of a member, 0 for no bit field; high word; the offset of a parameter. */
  high = new Float64Array(FIRST);
  /** Enumerator below zero; parameter with a location. */
  mark = new Uint8Array(FIRST);
  nextChild = new Uint32Array(FIRST);
  #children = 0;
  /** What annotations (of clang) are about, of all but pointers. */
  readonly annotations: Annotation[] = [];
  /** The type or function of the child at hand. */
  #owner = NONE;
  /** By offset: the number of a type, or below zero that of a parameter among the children. */
  #indexes = new Int32Array(FIRST);
  readonly #far = new Map<number, number>();
  readonly #entry: TypeEntry;
  readonly #rare: Entry;
  readonly #names: DwarfNames;
  readonly #nesting: number;

  constructor(dwarf: Dwarf, names: DwarfNames) {
    this.#entry = new TypeEntry(dwarf.tables);
    this.#rare = new Entry(dwarf.tables);
    this.#names = names;
    this.#nesting = dwarf.limits.nesting;
  }

  /** Reads a unit, in place of the one before. */
  read(unit: Unit): void {
    this.unit = unit;
    this.count = 0;
    this.#children = 0;
    this.annotations.length = 0;
    const { length } = unit.bytes;
    const indexed = Math.min(length, INDEXED);
    if (indexed > this.#indexes.length) this.#indexes = new Int32Array(indexed);
    else this.#indexes.fill(0, 0, indexed);
    this.#far.clear();
    const entry = this.#entry;
    eachTypeEntry(unit, entry, this.#nesting, (parent) => {
      // Below zero: a member or parameter, in which nothing but annotations is of interest.
      if (parent < 0) return this.#annotate(this.#owner, -parent);
      switch (entry.tag) {
        case Tag.MEMBER:
          return this.#member(unit, parent);
        case Tag.ENUMERATOR:
          return this.#child(parent, 0, entry.valueLow, entry.valueHigh, entry.isNegative);
        case Tag.FORMAL_PARAMETER:
          return this.#parameter(parent);
        case Tag.UNSPECIFIED_PARAMETERS:
          return this.#child(parent, 0, 0, 0, false);
        case Tag.SUBRANGE_TYPE:
          return this.#child(parent, 0, elements(entry), 0, false);
        case Tag.LLVM_ANNOTATION:
          this.#child(parent, entry.offset, 0, 0, false);
          return this.#annotate(parent, NONE);
        default:
          return this.#whole();
      }
    });
  }

  /** The number of the type of an entry; NONE for what is no type of C, -1 in other units. */
  numberOf(number: number): number {
    const { unit } = this;
    if (unit === undefined) return -1;
    const offset = number - unit.start;
    return offset < 0 || offset >= unit.bytes.length ? -1 : Math.max(this.#at(offset), NONE);
  }

  /** The child that the entry of a parameter is; NONE where it is none of this unit's. */
  parameterOf(number: number): number {
    return Math.max(-this.#at(number - (this.unit?.start ?? 0)), NONE);
  }

  #at(offset: number): number {
    if (offset < INDEXED) return offset < this.#indexes.length ? this.#indexes[offset] : NONE;
    return this.#far.get(offset) ?? NONE;
  }

  #enter(offset: number, index: number): void {
    if (offset < INDEXED) this.#indexes[offset] = index;
    else this.#far.set(offset, index);
  }

  #whole(): number {
    const entry = this.#entry;
    const index = ++this.count;
    if (index === this.tag.length) this.#growTypes();
    this.tag[index] = entry.tag;
    this.offset[index] = entry.offset;
    this.name[index] = this.#names.ofEntry(entry);
    this.type[index] = entry.type;
    this.origin[index] = entry.signature || entry.origin;
    this.size[index] = entry.byteSize;
    this.encoding[index] = entry.encoding;
    this.isDeclaration[index] = entry.isDeclaration ? 1 : 0;
    this.firstChild[index] = NONE;
    this.#lastChild[index] = NONE;
    this.#enter(entry.offset, index);
    return index;
  }

  #parameter(parent: number): number {
    const { type, origin, offset, hasLocation } = this.#entry;
    this.#child(parent, type, origin, offset, hasLocation);
    this.#enter(offset, -this.#children);
    return this.#within(parent);
  }

  /** What annotations find as their parent. */
  #within(owner: number): number {
    this.#owner = owner;
    return this.#entry.hasChildren ? -this.#children : 0;
  }

  #annotate(owner: number, child: number): number {
    const { tag, offset } = this.#entry;
    if (tag !== Tag.LLVM_ANNOTATION || this.tag[owner] === Tag.POINTER_TYPE) return 0;
    this.annotations.push({ owner, child, offset });
    return 0;
  }

  #member(unit: Unit, parent: number): number {
    const entry = this.#entry;
    const width = Math.max(entry.bitSize, 0);
    this.#child(parent, entry.type, this.#placeInBits(unit, width), width, false);
    return this.#within(parent);
  }

  #child(parent: number, type: number, low: number, high: number, mark: boolean): number {
    const child = ++this.#children;
    if (child === this.childTag.length) this.#growChildren();
    this.childTag[child] = this.#entry.tag;
    this.childName[child] = this.#names.ofEntry(this.#entry);
    this.childType[child] = type;
    this.low[child] = low;
    this.high[child] = high;
    this.mark[child] = mark ? 1 : 0;
    this.nextChild[child] = NONE;
    const last = this.#lastChild[parent];
    if (last === NONE) this.firstChild[parent] = child;
    else this.nextChild[last] = child;
    this.#lastChild[parent] = child;
    // What stands in a part says nothing of what it is part of.
    return 0;
  }

  #growTypes(): void {
    this.tag = grown(this.tag);
    this.offset = grown(this.offset);
    this.name = grown(this.name);
    this.type = grown(this.type);
    this.origin = grown(this.origin);
    this.size = grown(this.size);
    this.encoding = grown(this.encoding);
    this.isDeclaration = grown(this.isDeclaration);
    this.firstChild = grown(this.firstChild);
    this.#lastChild = grown(this.#lastChild);
  }

  #growChildren(): void {
    this.childTag = grown(this.childTag);
    this.childName = grown(this.childName);
    this.childType = grown(this.childType);
    this.low = grown(this.low);
    this.high = grown(this.high);
    this.mark = grown(this.mark);
    this.nextChild = grown(this.nextChild);
  }

  /**
   * Bits from the start of the composite (DWARF 5, 5.7.6). DWARF 2 and 3 count a bit field from
   * the most significant bit of the storage that it lies in (DWARF 3, 5.6.6).
   */
  #placeInBits(unit: Unit, width: number): number {
    const { memberAt, hasMemberBlock, dataBitOffset, bitOffset, byteSize, offset } = this.#entry;
    const byte = hasMemberBlock ? this.#blockPlace(unit, offset) : Math.max(memberAt, 0);
    if (dataBitOffset !== NOT_SAID) return byte * 8 + dataBitOffset;
    if (width === 0 || bitOffset === NOT_SAID) return byte * 8;
    if (unit.endian === 'big') return byte * 8 + bitOffset;
    if (byteSize === NOT_SAID) throw unitFault(unit, offset, 'a bit field without storage');
    return byte * 8 + byteSize * 8 - bitOffset - width;
  }

  /** What gcc wrote before DWARF 3 had constants here. */
  #blockPlace(unit: Unit, offset: number): number {
    const entry = this.#rare.read(unit, offset);
    const constant = entry.unsigned(At.DATA_MEMBER_LOCATION);
    if (constant !== undefined) return constant;
    const expression = entry.block(At.DATA_MEMBER_LOCATION);
    if (expression?.[0] !== PLUS_UCONST) {
      throw unitFault(unit, offset, 'the place of a member is not a constant');
    }
    return expression
      .subarray(1)
      .reduce((sum, byte, index) => sum + (byte & 0x7f) * 128 ** index, 0);
  }
}

const PLUS_UCONST = 0x23;

type Column =
  | Uint8Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>;

function grown<T extends Column>(old: T): T {
  const more = new (old.constructor as new (length: number) => T)(old.length * 2);
  more.set(old);
  return more;
}

/** Elements of a dimension; 0 if it is not said. */
function elements({ upperBound, count }: TypeEntry): number {
  // An upper bound of -1 is how some compilers write that there is none.
  if (upperBound === 0xffffffff) return 0;
  const elements = count !== NOT_SAID ? count : upperBound === NOT_SAID ? 0 : upperBound + 1;
  return elements >= 0 && elements <= 0xffffffff ? elements : 0;
}
