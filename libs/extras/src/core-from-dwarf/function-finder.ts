import { Kind, packInfo } from '@btf-depot/btf';
import { Entry, Tag, type Dwarf, type Unit } from '@btf-depot/dwarf';
import { SymbolType, type Elf } from '@btf-depot/elf';
import type { DwarfNames } from './dwarf-names.ts';
import type { Functions } from './functions.ts';
import { ParameterRegisters } from './parameter-registers.ts';
import type { Feature } from './rules.ts';
import type { ShapeFinder } from './shape-finder.ts';
import type { Draft } from './shapes.ts';
import { NONE } from './unit-types.ts';

/** Number of functions that were seen, and why some are no candidates. */
export interface FunctionsSeen {
  /** Entries of functions, without declarations. */
  seen: number;
  unnamed: number;
  /** With an unnamed parameter. */
  unnamedParameter: number;
  /** Inlined everywhere, or in a discarded section. */
  noSymbol: number;
}

/** Finds the functions of units that have a symbol, and their types. */
export class FunctionFinder {
  readonly counts: FunctionsSeen = { seen: 0, unnamed: 0, unnamedParameter: 0, noSymbol: 0 };
  readonly #draft: Draft;
  readonly #functions: Functions;
  readonly #registers: ParameterRegisters;
  readonly #entry: Entry;
  /** Names of functions in the symbol table, and on request their parts before a dot. */
  readonly #symbols: ReadonlySet<number>;
  readonly #elsewhere: (number: number) => ShapeFinder;
  readonly #features: ReadonlySet<Feature>;

  constructor(
    elf: Elf,
    dwarf: Dwarf,
    functions: Functions,
    parts: {
      readonly features: ReadonlySet<Feature>;
      readonly names: DwarfNames;
      readonly draft: Draft;
      readonly elsewhere: (number: number) => ShapeFinder;
    },
  ) {
    this.#functions = functions;
    this.#features = parts.features;
    this.#draft = parts.draft;
    this.#elsewhere = parts.elsewhere;
    this.#registers = new ParameterRegisters(dwarf, elf.arch);
    this.#entry = new Entry(dwarf.tables);
    this.#symbols = functionSymbols(elf, parts.names, parts.features.has('optimized_func'));
  }

  /** Examines all functions of a unit; its types must have been read. */
  unit(unit: Unit, finder: ShapeFinder): void {
    const { types } = finder;
    for (let index = 1; index <= types.count; index++) {
      if (types.tag[index] !== Tag.SUBPROGRAM || types.isDeclaration[index] === 1) continue;
      this.#look(unit, finder, index);
    }
  }

  #look(unit: Unit, finder: ShapeFinder, index: number): void {
    const { types } = finder;
    this.counts.seen++;
    const origin = this.#originOf(finder, types.origin[index]);
    const name = types.name[index] || (origin ? origin.finder.types.name[origin.index] : 0);
    if (name === 0) {
      this.counts.unnamed++;
      return;
    }
    if (!this.#symbols.has(name)) {
      this.counts.noSymbol++;
      return;
    }
    const prototype = this.#prototype(finder, index, origin);
    if (prototype === NONE) {
      this.counts.unnamedParameter++;
      return;
    }
    const surprises = this.#features.has('consistent_func') && this.#surprises(unit, finder, index);
    const tags = this.#features.has('decl_tag') ? finder.tagsOf(index) : [];
    this.#functions.add({ name, prototype, unit: unit.index, tags }, surprises);
  }

  #originOf(
    finder: ShapeFinder,
    number: number,
  ): { finder: ShapeFinder; index: number } | undefined {
    if (number === 0) return undefined;
    const index = finder.types.numberOf(number);
    if (index > NONE) return { finder, index };
    if (index === NONE) return undefined;
    const other = this.#elsewhere(number);
    const there = other.types.numberOf(number);
    return there > NONE ? { finder: other, index: there } : undefined;
  }

  /** NONE if a parameter has no name; its origin may name it. */
  #prototype(
    finder: ShapeFinder,
    index: number,
    origin: { finder: ShapeFinder; index: number } | undefined,
  ): number {
    const { types } = finder;
    const ownType = types.type[index];
    const draft = this.#draft;
    const from = draft.length;
    draft.push(0);
    draft.push(0);
    draft.push(
      ownType !== 0 || origin === undefined
        ? finder.reference(ownType)
        : origin.finder.reference(origin.finder.types.type[origin.index]),
    );
    for (let child = types.firstChild[index]; child !== NONE; child = types.nextChild[child]) {
      const tag = types.childTag[child];
      if (tag === Tag.UNSPECIFIED_PARAMETERS) {
        draft.push(0);
        draft.push(0);
      }
      if (tag !== Tag.FORMAL_PARAMETER) continue;
      const parameter = this.#parameter(finder, child);
      if (parameter === undefined) {
        draft.length = from;
        return NONE;
      }
      draft.push(parameter.name);
      draft.push(parameter.type);
    }
    draft.words[from + 1] = packInfo(Kind.FUNC_PROTO, (draft.length - from - 3) / 2, false);
    return finder.prototype(from);
  }

  #parameter(finder: ShapeFinder, child: number): { name: number; type: number } | undefined {
    const { types } = finder;
    let name = types.childName[child];
    let type = 0;
    const own = types.childType[child];
    const origin = types.low[child];
    if (own !== 0 || origin === 0) type = finder.reference(own);
    else {
      const there = types.numberOf(origin) === -1 ? this.#elsewhere(origin) : finder;
      const at = there.types.parameterOf(origin);
      if (at !== NONE) {
        name ||= there.types.childName[at];
        type = there.reference(there.types.childType[at]);
      }
    }
    return name === 0 ? undefined : { name, type };
  }

  #surprises(unit: Unit, finder: ShapeFinder, index: number): boolean {
    const { types } = finder;
    let at = 0;
    let surprises = false;
    for (let child = types.firstChild[index]; child !== NONE; child = types.nextChild[child]) {
      if (types.childTag[child] !== Tag.FORMAL_PARAMETER) continue;
      if (at >= this.#registers.count) break;
      if (types.mark[child] === 1) {
        const entry = this.#entry.read(unit, types.high[child]);
        surprises ||= this.#registers.isUnexpected(unit, entry, at);
      }
      at++;
    }
    // A structure may take several registers, which shifts the registers of later parameters.
    return surprises && !this.#takesStructure(finder, index);
  }

  #takesStructure(finder: ShapeFinder, index: number): boolean {
    const { types } = finder;
    for (let child = types.firstChild[index]; child !== NONE; child = types.nextChild[child]) {
      if (types.childTag[child] !== Tag.FORMAL_PARAMETER) continue;
      const parameter = this.#parameter(finder, child);
      if (parameter && finder.isStructure(parameter.type)) return true;
    }
    return false;
  }
}

function functionSymbols({ symbols }: Elf, names: DwarfNames, partsOfNames: boolean): Set<number> {
  const found = new Set<number>();
  for (let index = 1; index < symbols.length; index++) {
    if (symbols.type(index) !== SymbolType.FUNC) continue;
    const name = symbols.name(index);
    found.add(names.ofText(name));
    const dot = name.indexOf('.');
    if (partsOfNames && dot > 0) found.add(names.ofText(name.slice(0, dot)));
  }
  return found;
}
