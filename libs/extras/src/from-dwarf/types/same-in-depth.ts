import { Kind } from '@btf-depot/btf';
import { At, Entry, Tag, unitFault, type Dwarf, type Unit } from '@btf-depot/dwarf';
import { MEMBER, type TypeReader } from './describe.ts';
import { sameComposite } from './same-shape.ts';
import type { TypeTable } from './type-table.ts';

/** Most pairs of types in one comparison; a comparison that ends at names has a few hundred. */
const MOST_PAIRS = 1_000_000;

interface ComparisonInput {
  readonly dwarf: Dwarf;
  readonly table: TypeTable;
  readonly reader: TypeReader;
  /** The id of a type that does not need this comparison itself. */
  readonly resolve: (number: number) => number;
  /** Core's types with the name and shape of a composite or enumeration. */
  readonly candidates: (unit: Unit, entry: Entry) => number[];
  readonly unitOf: (number: number) => Unit;
}

/**
 * Compares entries of DWARF with types of core in depth, for the few names that core has several
 * types of (a dozen in a kernel). A pair that is met again counts as equal, which is right for
 * cycles: any difference shows elsewhere.
 */
export class DepthComparison {
  readonly #input: ComparisonInput;
  readonly #entry: Entry;

  constructor(input: ComparisonInput) {
    this.#input = input;
    this.#entry = new Entry(input.dwarf.tables);
  }

  /**
   * The first of core's types that the entry describes, 0 for none. If declarations leave the
   * definition open, the exact FWD is preferred, then any definition.
   */
  pick(number: number, ids: readonly number[]): number {
    for (const strict of [true, false]) {
      const same = ids.find((id) => this.#same(number, id, strict));
      if (same !== undefined) return same;
    }
    return 0;
  }

  #same(number: number, id: number, strict: boolean): boolean {
    const met = new Map<number, number>();
    const queue: [number, number][] = [[number, id]];
    let pairs = 0;
    for (let pair = queue.pop(); pair; pair = queue.pop()) {
      const [from, to] = pair;
      if (from === 0 || to === 0) {
        if (from !== to) return false;
        continue;
      }
      const before = met.get(from);
      // One entry is one type.
      if (before !== undefined && before !== to) return false;
      if (before !== undefined) continue;
      met.set(from, to);
      const unit = this.#input.unitOf(from);
      if (pairs++ > MOST_PAIRS) {
        throw unitFault(unit, from - unit.start, 'too many types to compare', 'dwarf-nesting');
      }
      const more = this.#compareOne(unit, from, to, strict);
      if (more === undefined) return false;
      queue.push(...more);
    }
    return true;
  }

  /** Undefined if the two differ in themselves, else the pairs that must be equal too. */
  #compareOne(
    unit: Unit,
    number: number,
    id: number,
    strict: boolean,
  ): [number, number][] | undefined {
    const { table, reader, resolve } = this.#input;
    const { core, names } = table;
    const entry = this.#entry.read(unit, number - unit.start);
    const kind = core.kind(id);
    const next = (wanted: number): [number, number][] | undefined =>
      kind === wanted ? [[entry.reference(At.TYPE), core.sizeOrType(id)]] : undefined;
    switch (entry.tag) {
      case Tag.POINTER_TYPE:
      case Tag.REFERENCE_TYPE: {
        const target = kind === Kind.PTR ? this.#behindTags(unit, entry, id) : undefined;
        return target === undefined ? undefined : [[entry.reference(At.TYPE), target]];
      }
      case Tag.CONST_TYPE:
        return next(Kind.CONST);
      case Tag.VOLATILE_TYPE:
        return next(Kind.VOLATILE);
      case Tag.RESTRICT_TYPE:
        return next(Kind.RESTRICT);
      case Tag.TYPEDEF:
        return names.ofEntry(entry, At.NAME) === names.ofCore(core.nameOffset(id))
          ? next(Kind.TYPEDEF)
          : undefined;
      case Tag.ATOMIC_TYPE:
        return [[entry.reference(At.TYPE), id]];
      case Tag.ARRAY_TYPE: {
        const element = this.#element(id, reader.dimensions(unit, entry));
        return element === undefined ? undefined : [[entry.reference(At.TYPE), element]];
      }
      case Tag.SUBROUTINE_TYPE:
        return this.#prototype(unit, entry, id);
      case Tag.STRUCTURE_TYPE:
      case Tag.UNION_TYPE:
        return this.#composite(unit, entry, id, strict);
      case Tag.ENUMERATION_TYPE:
        if (names.ofEntry(entry, At.NAME) !== 0 && !entry.flag(At.DECLARATION)) {
          return this.#input.candidates(unit, entry).includes(id) ? [] : undefined;
        }
        return resolve(number) === id ? [] : undefined;
      default:
        return resolve(number) === id ? [] : undefined;
    }
  }

  /** The target of core's pointer, after the tags that the entry has. */
  #behindTags(unit: Unit, entry: Entry, id: number): number | undefined {
    const { table, reader } = this.#input;
    const { core, names } = table;
    let target = core.sizeOrType(id);
    for (const tag of reader.typeTags(unit, entry).reverse()) {
      if (core.kind(target) !== Kind.TYPE_TAG) return undefined;
      if (names.ofCore(core.nameOffset(target)) !== tag) return undefined;
      target = core.sizeOrType(target);
    }
    return target;
  }

  #composite(unit: Unit, entry: Entry, id: number, strict: boolean) {
    const { table, reader } = this.#input;
    const { core, names } = table;
    const signature = entry.reference(At.SIGNATURE);
    if (signature !== 0) return [[signature, id] as [number, number]];
    if (entry.flag(At.DECLARATION)) {
      const name = names.ofEntry(entry, At.NAME);
      return this.#isDeclared(name, entry.tag === Tag.UNION_TYPE, id, strict) ? [] : undefined;
    }
    const shape = reader.composite(unit, entry);
    if (names.ofCore(core.nameOffset(id)) !== shape.name) return undefined;
    if (!sameComposite(table, id, shape)) return undefined;
    if (shape.name !== 0 && this.#input.candidates(unit, entry).length === 1) return [];
    const pairs: [number, number][] = [];
    for (let i = 0; i < shape.members.length; i += MEMBER) {
      pairs.push([shape.members[i + 3], core.tail(id, (i / MEMBER) * 3 + 1)]);
    }
    return pairs;
  }

  #isDeclared(name: number, isUnion: boolean, id: number, strict: boolean): boolean {
    const { core, names } = this.#input.table;
    if (names.ofCore(core.nameOffset(id)) !== name) return false;
    const kind = core.kind(id);
    if (kind === Kind.FWD) return core.kflag(id) === isUnion;
    if (kind !== (isUnion ? Kind.UNION : Kind.STRUCT)) return false;
    const others = core.findAll(core.name(id));
    return !strict || !others.some((other) => core.kind(other) === Kind.FWD);
  }

  #prototype(unit: Unit, entry: Entry, id: number): [number, number][] | undefined {
    const { table, reader } = this.#input;
    const { core, names } = table;
    const { result, parameters } = reader.prototype(unit, entry);
    if (core.kind(id) !== Kind.FUNC_PROTO || core.vlen(id) * 2 !== parameters.length) {
      return undefined;
    }
    const pairs: [number, number][] = [[result, core.sizeOrType(id)]];
    for (let i = 0; i < parameters.length; i += 2) {
      if (names.ofCore(core.tail(id, i)) !== parameters[i]) return undefined;
      pairs.push([parameters[i + 1], core.tail(id, i + 1)]);
    }
    return pairs;
  }

  /** The element of core's array, if its dimensions are these, nested or all in one. */
  #element(id: number, dimensions: readonly number[]): number | undefined {
    const { core } = this.#input.table;
    if (core.kind(id) !== Kind.ARRAY) return undefined;
    const total = dimensions.reduce((product, count) => product * count, 1);
    if (
      dimensions.length > 1 &&
      core.tail(id, 2) === total &&
      core.kind(core.tail(id, 0)) !== Kind.ARRAY
    ) {
      return core.tail(id, 0);
    }
    let element = id;
    for (const count of dimensions) {
      if (core.kind(element) !== Kind.ARRAY || core.tail(element, 2) !== count) return undefined;
      element = core.tail(element, 0);
    }
    return element;
  }
}
