import { Kind } from '@btf-depot/btf';
import type { Entry } from '@btf-depot/dwarf';
import { ANY_TAG, At, eachChild, Tag, unitFault, type Unit } from '@btf-depot/dwarf';
import type { Names } from './names.ts';

/** Numbers of a member in `CompositeShape.members`. */
export const MEMBER = 4;

/** A structure or union as its entry describes it. */
export interface CompositeShape {
  readonly kind: number;
  /** 0 for none. */
  readonly name: number;
  readonly size: number;
  /** Name, bit offset, bit width (0: no bit field) and type of each member in turn. */
  readonly members: readonly number[];
  readonly hasBitFields: boolean;
}

/** An enumeration as its entry describes it. */
export interface EnumShape {
  readonly name: number;
  readonly size: number;
  readonly signed: boolean;
  readonly names: readonly number[];
  readonly values: readonly bigint[];
}

/** A function type: its result, then name and type of each parameter in turn. */
export interface PrototypeShape {
  readonly result: number;
  readonly parameters: readonly number[];
}

/** Reads the contents of types' entries, without following references. */
export class TypeReader {
  readonly #names: Names;
  readonly #child: Entry;

  constructor(names: Names, entry: Entry) {
    this.#names = names;
    this.#child = entry;
  }

  composite(unit: Unit, entry: Entry): CompositeShape {
    const kind = entry.tag === Tag.UNION_TYPE ? Kind.UNION : Kind.STRUCT;
    const name = this.#names.ofEntry(entry, At.NAME);
    const size = entry.unsigned(At.BYTE_SIZE) ?? 0;
    const members: number[] = [];
    let hasBitFields = false;
    this.#eachChild(unit, entry, Tag.MEMBER, (member) => {
      const width = member.unsigned(At.BIT_SIZE) ?? 0;
      hasBitFields ||= width > 0;
      members.push(
        this.#names.ofEntry(member, At.NAME),
        placeInBits(unit, member, width),
        width,
        member.reference(At.TYPE),
      );
    });
    return { kind, name, size, members, hasBitFields };
  }

  enumeration(unit: Unit, entry: Entry): EnumShape {
    const name = this.#names.ofEntry(entry, At.NAME);
    const size = entry.unsigned(At.BYTE_SIZE) ?? 4;
    const names: number[] = [];
    const values: bigint[] = [];
    this.#eachChild(unit, entry, Tag.ENUMERATOR, (enumerator) => {
      names.push(this.#names.ofEntry(enumerator, At.NAME));
      values.push(enumerator.integer(At.CONST_VALUE) ?? 0n);
    });
    return { name, size, signed: values.some((value) => value < 0n), names, values };
  }

  prototype(unit: Unit, entry: Entry): PrototypeShape {
    const result = entry.reference(At.TYPE);
    const parameters: number[] = [];
    this.#eachChild(unit, entry, ANY_TAG, (child) => {
      if (child.tag === Tag.FORMAL_PARAMETER) {
        parameters.push(this.#names.ofEntry(child, At.NAME), child.reference(At.TYPE));
      } else if (child.tag === Tag.UNSPECIFIED_PARAMETERS) parameters.push(0, 0);
    });
    return { result, parameters };
  }

  /** Names of clang's btf_type_tag annotations of a pointer, in the order of the entries. */
  typeTags(unit: Unit, entry: Entry): number[] {
    const tags: number[] = [];
    this.#eachChild(unit, entry, Tag.LLVM_ANNOTATION, (annotation) => {
      if (annotation.string(At.NAME) !== 'btf_type_tag') return;
      tags.push(this.#names.ofEntry(annotation, At.CONST_VALUE));
    });
    return tags;
  }

  /** Elements by dimension, the outermost first; 0 if absent. */
  dimensions(unit: Unit, entry: Entry): number[] {
    const counts: number[] = [];
    this.#eachChild(unit, entry, Tag.SUBRANGE_TYPE, (range) => {
      const bound = range.unsigned(At.UPPER_BOUND);
      const count = range.unsigned(At.COUNT) ?? (bound === undefined ? 0 : bound + 1);
      // Some compilers write an upper bound of -1 if there is none.
      counts.push(count >= 0 && count <= 0xffffffff && bound !== 0xffffffff ? count : 0);
    });
    return counts.length > 0 ? counts : [0];
  }

  #eachChild(unit: Unit, parent: Entry, tag: number, visit: (child: Entry) => void): void {
    if (!parent.hasChildren) return;
    eachChild(unit, parent.offset, tag, (offset) => visit(this.#child.read(unit, offset)));
  }
}

/**
 * Bits from the start of the composite (DWARF 5, 5.7.6). DWARF 2 and 3 count a bit field from
 * the most significant bit of the storage that it lies in (DWARF 3, 5.6.6).
 */
function placeInBits(unit: Unit, member: Entry, width: number): number {
  const bits = member.unsigned(At.DATA_BIT_OFFSET);
  const byte = placeInBytes(unit, member);
  if (bits !== undefined) return byte * 8 + bits;
  const fromTop = width > 0 ? member.signed(At.BIT_OFFSET) : undefined;
  if (fromTop === undefined) return byte * 8;
  if (unit.endian === 'big') return byte * 8 + fromTop;
  const storage = member.unsigned(At.BYTE_SIZE);
  if (storage === undefined) throw unitFault(unit, member.offset, 'a bit field without storage');
  return byte * 8 + storage * 8 - fromTop - width;
}

const PLUS_UCONST = 0x23;

function placeInBytes(unit: Unit, member: Entry): number {
  const constant = member.unsigned(At.DATA_MEMBER_LOCATION);
  if (constant !== undefined) return constant;
  const expression = member.block(At.DATA_MEMBER_LOCATION);
  if (expression === undefined) return 0;
  // gcc wrote constants here before DWARF 3.
  if (expression[0] === PLUS_UCONST) return readUnsigned(expression.subarray(1));
  throw unitFault(unit, member.offset, 'the place of a member is not a constant');
}

function readUnsigned(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte, index) => sum + (byte & 0x7f) * 128 ** index, 0);
}
