import {
  At,
  Entry,
  staticAddress,
  twoValuedAddress,
  type Dwarf,
  type TwoValued,
  type Unit,
} from '@btf-depot/dwarf';
import type { Elf } from '@btf-depot/elf';
import { AddressMap } from './address-map.ts';
import { LEFT_OUT_RULES, type LeftOutRule } from './coverage.ts';
import { isExcluded, isIdentifier } from './rules.ts';
import { namesAtZero } from './symbols.ts';
import type { Place } from '../variables/variables.ts';

/** A variable as its entries in DWARF describe it. */
export interface FoundVariable {
  readonly name: string;
  /** Number of its type's entry. */
  readonly type: number;
  /** Number of the declaration's type, if it differs; else 0. */
  readonly declared: number;
  readonly isGlobal: boolean;
  /** Where its memory starts. */
  readonly place: Omit<Place, 'size'>;
  /** Its location names a byte that stands for it; the variable may exist all the same. */
  readonly twoValued?: TwoValued | undefined;
}

/** A variable that a unit only declares. */
export interface DeclaredVariable {
  /** Number of its entry. */
  readonly entry: number;
  readonly name: string;
}

/** Numbers of variables left out, by rule. */
export type LeftOut = Record<LeftOutRule, number>;

/** Finds the variables at the top level of units. */
export class VariableFinder {
  seen = 0;
  readonly leftOut = Object.fromEntries(LEFT_OUT_RULES.map((rule) => [rule, 0])) as LeftOut;
  readonly #elf: Elf;
  readonly #dwarf: Dwarf;
  readonly #addresses: AddressMap;
  readonly #entry: Entry;
  readonly #origin: Entry;
  readonly #names = new Map<number, string>();

  #atZero: ReadonlySet<string> | undefined;

  constructor(elf: Elf, dwarf: Dwarf) {
    this.#elf = elf;
    this.#dwarf = dwarf;
    this.#addresses = new AddressMap(elf);
    this.#entry = new Entry(dwarf.tables);
    this.#origin = new Entry(dwarf.tables);
  }

  /**
   * Examines the entry of a variable at the top level: calls `found` if memory holds it, `declared`
   * if another unit must define it.
   */
  look(
    unit: Unit,
    offset: number,
    found: (variable: FoundVariable) => void,
    declared: (variable: DeclaredVariable) => void,
  ): void {
    this.seen++;
    const entry = this.#entry.read(unit, offset);
    const variable = this.#judge(unit, entry);
    if (typeof variable !== 'string') {
      found(variable);
      return;
    }
    this.leftOut[variable]++;
    if (variable !== 'declaration') return;
    const name = this.#nameOf(entry);
    if (name !== undefined) declared({ entry: unit.start + offset, name });
  }

  /** Number of the type of an entry. */
  typeOf(unit: Unit, number: number): number {
    return this.#entry.read(unit, number - unit.start).reference(At.TYPE);
  }

  #judge(unit: Unit, entry: Entry): FoundVariable | LeftOutRule {
    if (entry.flag(At.DECLARATION)) return 'declaration';
    if (entry.flag(At.ARTIFICIAL)) return 'artificial';
    const expression = entry.block(At.LOCATION);
    if (expression === undefined) return 'storage';
    const { tables } = this.#dwarf;
    const whole = staticAddress(unit, tables, expression, entry.offset);
    const twoValued =
      whole === undefined ? twoValuedAddress(unit, tables, expression, entry.offset) : undefined;
    const address = whole ?? twoValued?.address;
    if (address === undefined) return 'storage';
    const section = this.#addresses.at(address);
    if (section === undefined) return 'section';
    // The definition completes a declaration, and does not repeat its attributes.
    const origin = this.#originOf(unit, entry);
    const name = this.#nameOf(entry) ?? (origin && this.#nameOf(origin));
    if (name === undefined || !isIdentifier(name)) return 'name';
    if (isExcluded(name)) return 'prefix';
    if (address === 0n && !(this.#atZero ??= namesAtZero(this.#elf)).has(name)) return 'section';
    const declared = origin?.reference(At.TYPE) ?? 0;
    const type = entry.reference(At.TYPE) || declared;
    if (type === 0) return 'void';
    const isGlobal = entry.flag(At.EXTERNAL) || (origin?.flag(At.EXTERNAL) ?? false);
    const offset = Number(address - section.address);
    const place = { section: section.name, offset };
    const types = { type, declared: declared === type ? 0 : declared };
    return { name, ...types, isGlobal, place, twoValued };
  }

  /** Most names are in many units, at one offset of .debug_str. */
  #nameOf(entry: Entry): string | undefined {
    const { strings } = this.#dwarf.tables;
    if (!entry.text(At.NAME)) return undefined;
    const { textBytes, textAt } = entry;
    if (textBytes !== strings) return entry.string(At.NAME);
    let name = this.#names.get(textAt);
    if (name === undefined) this.#names.set(textAt, (name = entry.string(At.NAME) ?? ''));
    return name;
  }

  #originOf(unit: Unit, entry: Entry): Entry | undefined {
    const number = entry.reference(At.SPECIFICATION) || entry.reference(At.ABSTRACT_ORIGIN);
    if (number === 0) return undefined;
    const other = this.#dwarf.unitOf(number, unit);
    return this.#origin.read(other, number - other.start);
  }
}
