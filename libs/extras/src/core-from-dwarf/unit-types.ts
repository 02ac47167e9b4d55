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

/** Offsets of a unit that an array looks up; few units are larger. */
const INDEXED = 64 * 1024 * 1024;

/** Initial room for types and children. */
const FIRST = 1024;

/** An entry that describes a type or function. */
export interface Annotation {
  /** The type or function. */
  readonly owner: number;
  /** The member or parameter that it describes; NONE for the whole. */
  readonly child: number;
  /** Of the entry. */
  readonly offset: number;
}

/** No child and no entry has this number. */
export const NONE = 0;

/**
 * The types and functions of one unit, as columns of numbers. Types have numbers from 1 in the
 * order of their entries. Members, parameters, enumerators and dimensions are children in a list.
 * References are numbers of entries. One object serves all units.
 */
export class UnitTypes {
  count = 0;
  unit: Unit | undefined;
  // By type or function.
  tag = new Uint16Array(FIRST);
  offset = new Uint32Array(FIRST);
  name = new Uint32Array(FIRST);
  type = new Float64Array(FIRST);
  /** Abstract origin or specification of a function, signature of a composite. */
  origin = new Float64Array(FIRST);
  /** Bytes; NOT_SAID if absent. */
  size = new Float64Array(FIRST);
  encoding = new Int32Array(FIRST);
  isDeclaration = new Uint8Array(FIRST);
  firstChild = new Uint32Array(FIRST);
  #lastChild = new Uint32Array(FIRST);
  // By child.
  childTag = new Uint16Array(FIRST);
  childName = new Uint32Array(FIRST);
  /** Type of a member or parameter; of an annotation the offset of its entry. */
  childType = new Float64Array(FIRST);
  /**
   * For a member its bit offset, for an enumerator the low word, for a dimension its elements; else
   * the origin.
   */
  low = new Float64Array(FIRST);
  /** For a member its bit width (0: no bit field); the high word; the offset of a parameter. */
  high = new Float64Array(FIRST);
  /** Enumerator: negative. Parameter: has a location. */
  mark = new Uint8Array(FIRST);
  nextChild = new Uint32Array(FIRST);
  #children = 0;
  /** Targets of clang's annotations, except for pointers. */
  readonly annotations: Annotation[] = [];
  /** The type or function of the current child. */
  #owner = NONE;
  /** By offset: the number of a type, or the negative number of a parameter among the children. */
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

  /** Reads a unit, replacing the one before. */
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
      // Negative: a member or parameter, in which only annotations matter.
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

  /**
   * The number of the type of an entry; NONE if it is no type of C, -1 if it is in another unit.
   */
  numberOf(number: number): number {
    const { unit } = this;
    if (unit === undefined) return -1;
    const offset = number - unit.start;
    return offset < 0 || offset >= unit.bytes.length ? -1 : Math.max(this.#at(offset), NONE);
  }

  /** The child of a parameter's entry; NONE if it is not in this unit. */
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

  /** The parent of annotations. */
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
    // An entry inside a part does not describe the whole.
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
    if (width === 0 || Number.isNaN(bitOffset)) return byte * 8;
    if (unit.endian === 'big') return byte * 8 + bitOffset;
    if (byteSize === NOT_SAID) throw unitFault(unit, offset, 'a bit field without storage');
    return byte * 8 + byteSize * 8 - bitOffset - width;
  }

  /** gcc wrote constants here before DWARF 3. */
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

/** Elements of a dimension; 0 if absent. */
function elements({ upperBound, count }: TypeEntry): number {
  // Some compilers write an upper bound of -1 if there is none.
  if (upperBound === 0xffffffff) return 0;
  const elements = count !== NOT_SAID ? count : upperBound === NOT_SAID ? 0 : upperBound + 1;
  return elements >= 0 && elements <= 0xffffffff ? elements : 0;
}
