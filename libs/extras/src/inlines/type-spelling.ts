import { Kind } from '@btf-depot/btf';
import { ANY_TAG, At, eachChild, Entry, Tag, type Dwarf, type Unit } from '@btf-depot/dwarf';
import type { TypeTable } from '../from-dwarf/types/type-table.ts';
import { ABSENT, NumberMap } from '../number-map.ts';
import { WordPool } from './word-pool.ts';

/** Links from a type to the next name; C code has under ten. */
const DEEPEST = 64;
/** The number for types without a spelling. */
export const UNSPELT = 0;

// The first word of a spelling; others have the entry's tag there.
const PROTOTYPE = -1;
const NAMED = -2;
const VOID = -3;

/**
 * Numbers for types by how C spells them, so that a function of a header is looked up once and not
 * once for each unit. A name stands for a type only if core has exactly one of that name and kind;
 * a type that leads to any other has no spelling.
 */
export class TypeSpelling {
  readonly #dwarf: Dwarf;
  readonly #table: TypeTable;
  readonly #entry: Entry;
  readonly #spellings = new WordPool();
  /** By entry, for the current unit. */
  readonly #known = new NumberMap();
  readonly #words = new Int32Array(2);
  #unit: Unit | undefined;

  constructor(dwarf: Dwarf, table: TypeTable) {
    this.#dwarf = dwarf;
    this.#table = table;
    this.#entry = new Entry(dwarf.tables);
  }

  /** The number of the spelling of a type's entry; 0 if it has none. `number` may be 0: void. */
  of(unit: Unit, number: number): number {
    if (this.#unit?.start !== unit.start) {
      this.#known.clear();
      this.#unit = unit;
    }
    return this.#of(unit, number, 0);
  }

  #of(unit: Unit, number: number, depth: number): number {
    if (number === 0) return this.#pair(VOID, 0);
    const known = this.#known.get(number);
    if (known !== ABSENT) return known;
    if (depth >= DEEPEST) return UNSPELT;
    // A type that leads back to itself has no spelling.
    this.#known.set(number, UNSPELT);
    const spelling = this.#spell(unit, number, depth);
    this.#known.set(number, spelling);
    return spelling;
  }

  #spell(from: Unit, number: number, depth: number): number {
    const unit = this.#dwarf.unitOf(number, from);
    const entry = this.#entry.read(unit, number - unit.start);
    const { tag } = entry;
    switch (tag) {
      case Tag.BASE_TYPE:
        return this.#named(entry, Kind.INT, Kind.FLOAT);
      case Tag.STRUCTURE_TYPE:
        return this.#named(entry, Kind.STRUCT);
      case Tag.UNION_TYPE:
        return this.#named(entry, Kind.UNION);
      case Tag.ENUMERATION_TYPE:
        return this.#named(entry, Kind.ENUM, Kind.ENUM64);
      case Tag.TYPEDEF:
        return this.#named(entry, Kind.TYPEDEF);
      case Tag.CONST_TYPE:
      case Tag.VOLATILE_TYPE:
      case Tag.RESTRICT_TYPE:
        return this.#of2(tag, unit, entry.reference(At.TYPE), depth);
      case Tag.POINTER_TYPE:
        // Children of a pointer are annotations.
        return entry.hasChildren ? UNSPELT : this.#of2(tag, unit, entry.reference(At.TYPE), depth);
      case Tag.SUBROUTINE_TYPE:
        return this.#prototype(unit, number, depth);
      default:
        return UNSPELT;
    }
  }

  #of2(tag: number, unit: Unit, type: number, depth: number): number {
    const below = this.#of(unit, type, depth + 1);
    return below === UNSPELT ? UNSPELT : this.#pair(tag, below);
  }

  #named(entry: Entry, kind: number, other = kind): number {
    const { names, core } = this.#table;
    const name = names.ofEntry(entry, At.NAME);
    let found = 0;
    for (let id = this.#table.firstNamed(name); id !== 0; id = this.#table.nextNamed(id)) {
      if (core.kind(id) !== kind && core.kind(id) !== other) continue;
      if (found !== 0) return UNSPELT;
      found = id;
    }
    return found === 0 ? UNSPELT : this.#pair(NAMED, found);
  }

  #prototype(unit: Unit, number: number, depth: number): number {
    const types = [this.#entry.reference(At.TYPE)];
    const names = [0];
    const words: number[] = [PROTOTYPE];
    if (this.#entry.hasChildren) {
      eachChild(unit, number - unit.start, ANY_TAG, (offset) => {
        const child = this.#entry.read(unit, offset);
        if (child.tag !== Tag.FORMAL_PARAMETER) names.push(-1);
        else names.push(this.#table.names.ofEntry(child, At.NAME));
        types.push(child.tag === Tag.FORMAL_PARAMETER ? child.reference(At.TYPE) : 0);
      });
    }
    for (let place = 0; place < types.length; place++) {
      const spelling = this.#of(unit, types[place], depth + 1);
      if (spelling === UNSPELT) return UNSPELT;
      words.push(names[place], spelling);
    }
    return this.#spellings.add(words) + 1;
  }

  #pair(first: number, second: number): number {
    this.#words[0] = first;
    this.#words[1] = second;
    return this.#spellings.add(this.#words) + 1;
  }
}
