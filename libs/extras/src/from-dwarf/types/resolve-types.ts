import { IntEncoding, Kind } from '@btf-depot/btf';
import { At, Encoding, Entry, Tag, type Dwarf, type Unit } from '@btf-depot/dwarf';
import {
  MEMBER,
  TypeReader,
  type CompositeShape,
  type EnumShape,
  type PrototypeShape,
} from './describe.ts';
import { NumberMap } from '../../number-map.ts';
import { DEEPEST, nestingFault, OPEN } from './nesting.ts';
import { DepthComparison } from './same-in-depth.ts';
import { sameComposite, sameEnum } from './same-shape.ts';
import type { TypeTable } from './type-table.ts';
import {
  arrayWords,
  compositeWords,
  enumWords,
  floatWords,
  forwardWords,
  intWords,
  prototypeWords,
  referenceWords,
} from './type-words.ts';

/** A composite that core lacks; its members are added after the type that led to it. */
interface Pending {
  readonly id: number;
  readonly shape: CompositeShape;
}

/**
 * Finds the type of core that an entry of DWARF describes, or adds it.
 *
 * - A named structure, union or enumeration is core's, if core has exactly one with that name,
 *   kind, size and members: core was made from the same entries, and lacks none. Of several, the
 *   one that is equal in depth.
 * - A declaration is core's definition of that name if there is exactly one, else its FWD, as
 *   libbpf resolves them (btf_dedup_resolve_fwds in tools/lib/bpf/btf.c).
 * - An unnamed type is found by its words, after the types that it refers to.
 */
export class TypeResolver {
  readonly #dwarf: Dwarf;
  readonly #table: TypeTable;
  readonly #reader: TypeReader;
  readonly #entry: Entry;
  /** Ids by entry: for the current unit, and for others. */
  readonly #resolved = new NumberMap();
  readonly #elsewhere = new NumberMap();
  readonly #pending: Pending[] = [];
  #depth = 0;
  #unit: Unit | undefined;
  #indexType = 0;
  readonly #comparison: DepthComparison;

  constructor(dwarf: Dwarf, table: TypeTable) {
    this.#dwarf = dwarf;
    this.#table = table;
    this.#entry = new Entry(dwarf.tables);
    this.#reader = new TypeReader(table.names, new Entry(dwarf.tables));
    this.#comparison = new DepthComparison({
      dwarf,
      table,
      reader: this.#reader,
      resolve: (number) => this.#type(number),
      candidates: (unit, entry) => this.candidates(unit, entry),
      unitOf: (number) => this.#unitOf(number),
    });
  }

  /**
   * The type id for an entry's number, 0 for void. `unit`: the unit of most entries that it leads
   * to. Types that C does not have become void. Throws FormatError `dwarf-nesting` for a type that
   * contains itself or is nested beyond reason, `dwarf-limit`, and errors of reading entries.
   */
  resolve(unit: Unit, number: number): number {
    this.#enter(unit);
    const id = this.#type(number);
    this.#completeAll();
    return id;
  }

  /** Core's types with the name and shape of a named composite or enumeration. */
  candidates(unit: Unit, entry: Entry): number[] {
    const table = this.#table;
    const isEnum = entry.tag === Tag.ENUMERATION_TYPE;
    const name = table.names.ofEntry(entry, At.NAME);
    const named = table.named(name);
    if (isEnum) {
      const shape = this.#reader.enumeration(unit, entry);
      return named.filter((id) => sameEnum(table, id, shape));
    }
    const shape = this.#reader.composite(unit, entry);
    return named.filter((id) => sameComposite(table, id, shape));
  }

  #type(number: number): number {
    if (number === 0) return 0;
    const unit = this.#unitOf(number);
    const resolved = unit === this.#unit ? this.#resolved : this.#elsewhere;
    const known = resolved.get(number);
    if (known >= 0) return known;
    const at = number - unit.start;
    if (known === OPEN || this.#depth >= DEEPEST) throw nestingFault(unit, at, known);
    resolved.set(number, OPEN);
    this.#depth++;
    const id = this.#read(unit, number, this.#entry.read(unit, at));
    resolved.set(number, id);
    this.#depth--;
    return id;
  }

  /** Most units refer to no other one, so ids of the last unit are not needed again. */
  #enter(unit: Unit): void {
    if (unit !== this.#unit) this.#resolved.clear();
    this.#unit = unit;
  }

  #unitOf(number: number): Unit {
    return this.#dwarf.unitOf(number, this.#unit);
  }

  /** `entry` is only valid until another type is resolved. */
  #read(unit: Unit, number: number, entry: Entry): number {
    switch (entry.tag) {
      case Tag.BASE_TYPE:
        return this.#base(entry);
      case Tag.POINTER_TYPE:
      case Tag.REFERENCE_TYPE:
        return this.#pointer(unit, entry);
      case Tag.CONST_TYPE:
        return this.#reference(Kind.CONST, entry);
      case Tag.VOLATILE_TYPE:
        return this.#reference(Kind.VOLATILE, entry);
      case Tag.RESTRICT_TYPE:
        return this.#reference(Kind.RESTRICT, entry);
      case Tag.TYPEDEF:
        return this.#reference(Kind.TYPEDEF, entry);
      case Tag.ATOMIC_TYPE:
        return this.#type(entry.reference(At.TYPE));
      case Tag.ARRAY_TYPE:
        return this.#array(unit, entry);
      case Tag.SUBROUTINE_TYPE:
        return this.#prototype(this.#reader.prototype(unit, entry));
      case Tag.STRUCTURE_TYPE:
      case Tag.UNION_TYPE:
        return this.#composite(unit, number, entry);
      case Tag.ENUMERATION_TYPE:
        return this.#enumeration(unit, number, entry);
      default:
        return 0;
    }
  }

  #base(entry: Entry): number {
    const table = this.#table;
    const name = table.names.ofEntry(entry, At.NAME);
    const size = entry.unsigned(At.BYTE_SIZE) ?? 0;
    const encoding = entry.unsigned(At.ENCODING) ?? 0;
    const isFloat = encoding === Encoding.FLOAT || encoding === Encoding.COMPLEX_FLOAT;
    // If core was encoded without FLOAT, an INT stands for a float.
    const wanted = isFloat ? [Kind.FLOAT, Kind.INT] : [Kind.INT];
    for (const kind of wanted) {
      const found = table
        .named(name)
        .find((id) => table.core.kind(id) === kind && table.core.sizeOrType(id) === size);
      if (found !== undefined) return found;
    }
    if (isFloat) return table.findOrAdd(floatWords(name, size));
    const signed = encoding === Encoding.SIGNED || encoding === Encoding.SIGNED_CHAR;
    const isBool = encoding === Encoding.BOOLEAN;
    const bits = isBool ? IntEncoding.BOOL : signed ? IntEncoding.SIGNED : 0;
    return table.findOrAdd(intWords(name, size, bits));
  }

  /**
   * Tags stand between a pointer and its target, the last one next to the pointer, as in pahole.
   */
  #pointer(unit: Unit, entry: Entry): number {
    const tags = this.#reader.typeTags(unit, entry);
    let target = this.#type(entry.reference(At.TYPE));
    for (const tag of tags) {
      target = this.#table.findOrAdd(referenceWords(Kind.TYPE_TAG, tag, target));
    }
    return this.#table.findOrAdd(referenceWords(Kind.PTR, 0, target));
  }

  #reference(kind: number, entry: Entry): number {
    const name = kind === Kind.TYPEDEF ? this.#table.names.ofEntry(entry, At.NAME) : 0;
    const type = this.#type(entry.reference(At.TYPE));
    return this.#table.findOrAdd(referenceWords(kind, name, type));
  }

  /** As core has it, nested or with all dimensions in one; nested if core has neither. */
  #array(unit: Unit, entry: Entry): number {
    const table = this.#table;
    const dimensions = this.#reader.dimensions(unit, entry);
    const element = this.#type(entry.reference(At.TYPE));
    const index = this.#arrayIndex();
    let nested = element;
    for (const count of dimensions.toReversed()) {
      nested = table.find(arrayWords(nested, index, count));
      if (nested === 0) break;
    }
    if (nested !== 0) return nested;
    const total = dimensions.reduce((product, count) => product * count, 1);
    const flat = total <= 0xffffffff ? table.find(arrayWords(element, index, total)) : 0;
    if (flat !== 0) return flat;
    return dimensions
      .toReversed()
      .reduce((id, count) => table.findOrAdd(arrayWords(id, index, count)), element);
  }

  /** The index type of core's arrays; pahole's name for it if core has no array. */
  #arrayIndex(): number {
    if (this.#indexType !== 0) return this.#indexType;
    const { core } = this.#table;
    for (let id = core.firstId; id < core.endId; id++) {
      if (core.kind(id) === Kind.ARRAY) return (this.#indexType = core.tail(id, 1));
    }
    const name = this.#table.names.ofText('__ARRAY_SIZE_TYPE__');
    this.#indexType = this.#table.findOrAdd(intWords(name, 4, 0));
    return this.#indexType;
  }

  #prototype({ result, parameters }: PrototypeShape): number {
    const returns = this.#type(result);
    const typed = parameters.map((value, i) => (i % 2 === 0 ? value : this.#type(value)));
    return this.#table.findOrAdd(prototypeWords(returns, typed));
  }

  #composite(unit: Unit, number: number, entry: Entry): number {
    const table = this.#table;
    const signature = entry.reference(At.SIGNATURE);
    if (signature !== 0) return this.#type(signature);
    if (entry.flag(At.DECLARATION)) return this.#declared(entry);
    const shape = this.#reader.composite(unit, entry);
    if (shape.name === 0) {
      const types = this.#memberTypes(shape);
      return table.findOrAdd(compositeWords(shape, types));
    }
    const found = table.named(shape.name).filter((id) => sameComposite(table, id, shape));
    if (found.length === 1) return found[0];
    const same = found.length > 1 ? this.#comparison.pick(number, found) : 0;
    if (same !== 0) return same;
    const id = table.reserve();
    this.#pending.push({ id, shape });
    return id;
  }

  #completeAll(): void {
    for (let next = this.#pending.pop(); next; next = this.#pending.pop()) this.#complete(next);
  }

  #complete({ id, shape }: Pending): void {
    this.#table.fill(id, compositeWords(shape, this.#memberTypes(shape)));
  }

  #memberTypes({ members }: CompositeShape): number[] {
    const types: number[] = [];
    for (let i = 0; i < members.length; i += MEMBER) types.push(this.#type(members[i + 3]));
    return types;
  }

  #enumeration(unit: Unit, number: number, entry: Entry): number {
    const table = this.#table;
    const signature = entry.reference(At.SIGNATURE);
    if (signature !== 0) return this.#type(signature);
    const shape = this.#reader.enumeration(unit, entry);
    if (shape.name === 0) return this.#unnamedEnum(shape);
    const named = table.named(shape.name);
    const isEnum = (id: number): boolean => {
      const kind = table.core.kind(id);
      return kind === Kind.ENUM || kind === Kind.ENUM64;
    };
    const found = entry.flag(At.DECLARATION)
      ? named.filter(isEnum)
      : named.filter((id) => sameEnum(table, id, shape));
    if (found.length > 0) return found[0];
    return table.findOrAdd(enumWords(shape, shape.signed));
  }

  #unnamedEnum(shape: EnumShape): number {
    const table = this.#table;
    // Not all encoders write the sign.
    for (const signed of [shape.signed, !shape.signed]) {
      const found = table.find(enumWords(shape, signed));
      if (found !== 0) return found;
    }
    return table.findOrAdd(enumWords(shape, shape.signed));
  }

  #declared(entry: Entry): number {
    const table = this.#table;
    const { core } = table;
    const isUnion = entry.tag === Tag.UNION_TYPE;
    const name = table.names.ofEntry(entry, At.NAME);
    // It says nothing about its target, and kernels refuse a FWD without a name.
    if (name === 0) return 0;
    const named = table.named(name);
    const definitions = named.filter((id) => {
      const kind = core.kind(id);
      return kind === Kind.STRUCT || kind === Kind.UNION;
    });
    const kind = isUnion ? Kind.UNION : Kind.STRUCT;
    if (definitions.length === 1 && core.kind(definitions[0]) === kind) return definitions[0];
    const forward = named.find((id) => core.kind(id) === Kind.FWD && core.kflag(id) === isUnion);
    return forward ?? table.findOrAdd(forwardWords(name, isUnion));
  }
}
