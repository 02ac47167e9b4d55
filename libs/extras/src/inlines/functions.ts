import { Kind } from '@btf-depot/btf';
import type { FormatError } from '@btf-depot/bytes';
import {
  At,
  Entry,
  eachChild,
  ANY_TAG,
  Tag,
  unitFault,
  type Dwarf,
  type Unit,
} from '@btf-depot/dwarf';
import type { TypeResolver } from '../from-dwarf/types/resolve-types.ts';
import { isSignedType, sizeOfType } from '../from-dwarf/types/size-of.ts';
import { prototypeWords, referenceWords } from '../from-dwarf/types/type-words.ts';
import type { TypeTable } from '../from-dwarf/types/type-table.ts';
import type { ParameterType } from './location-words.ts';
import { ABSENT, NumberMap } from '../number-map.ts';
import { Description } from './description.ts';
import { TypeSpelling, UNSPELT } from './type-spelling.ts';
import { WordPool } from './word-pool.ts';

/** An inlined function: one for each name and prototype. */
export interface InlinedFunction {
  /** Its index among the functions. */
  readonly index: number;
  readonly name: string;
  /** Id of its FUNC_PROTO, in core or added. */
  readonly proto: number;
  readonly isGlobal: boolean;
  /** Id of core's FUNC, 0 if core has none. */
  readonly inCore: number;
  /** In order; undefined for `...`. */
  readonly parameters: readonly (ParameterType | undefined)[];
}

/** A function as one unit describes it: the entry that inlined calls name as their origin. */
export interface Origin {
  readonly function: InlinedFunction;
  /** Numbers of its parameters' entries, in order; 0 for `...`. */
  readonly parameters: readonly number[];
}

/** Origins may lead to others (DW_AT_abstract_origin, DW_AT_specification); in C to two. */
const LINKS = 8;

/** Valid names of a FUNC (btf_name_valid_identifier in kernel/bpf/btf.c). */
const FUNCTION_NAME = /^[A-Za-z_.$][A-Za-z0-9_.$]{0,510}$/;

/** Kinds of types without contents except a reference. */
const POINTING: ReadonlyMap<number, number> = new Map([
  [Tag.POINTER_TYPE, Kind.PTR],
  [Tag.CONST_TYPE, Kind.CONST],
  [Tag.VOLATILE_TYPE, Kind.VOLATILE],
  [Tag.RESTRICT_TYPE, Kind.RESTRICT],
]);

export interface FunctionsInput {
  readonly dwarf: Dwarf;
  readonly table: TypeTable;
  readonly resolver: TypeResolver;
  /** In bytes. */
  readonly pointerSize: number;
  /** Most parameters of a function. */
  readonly parameters: number;
}

/** Finds the function of core that an inlined call belongs to, or describes a new one. */
export class InlinedFunctions {
  readonly all: InlinedFunction[] = [];
  readonly #dwarf: Dwarf;
  readonly #table: TypeTable;
  readonly #resolver: TypeResolver;
  readonly #spelling: TypeSpelling;
  readonly #entry: Entry;
  readonly #child: Entry;
  readonly #pointerSize: number;
  readonly #most: number;
  /** Origins of the current unit, and the index of each by its number. */
  readonly #origins: (Origin | undefined)[] = [];
  readonly #places = new NumberMap();
  #unit = -1;
  /** The description of the current function. */
  readonly #described = new Description();
  /** Functions by the number of their spelling, undefined for names that BTF does not allow. */
  readonly #spellings = new WordPool();
  readonly #spelt: (InlinedFunction | undefined)[] = [];
  /** Ids of types by the number of their spelling. */
  readonly #types: number[] = [];
  /** Name, linkage and prototype of each in `all`, by its index. */
  readonly #identities = new WordPool();
  /** Contents of parameters' types, by their ids. */
  readonly #parameterTypes = new Map<number, ParameterType>();

  constructor({ dwarf, table, resolver, pointerSize, parameters }: FunctionsInput) {
    this.#dwarf = dwarf;
    this.#table = table;
    this.#resolver = resolver;
    this.#most = parameters;
    this.#spelling = new TypeSpelling(dwarf, table);
    this.#entry = new Entry(dwarf.tables);
    this.#child = new Entry(dwarf.tables);
    this.#pointerSize = pointerSize;
  }

  /** The origin with that number; undefined if it has no name that BTF allows. */
  originOf(unit: Unit, number: number): Origin | undefined {
    if (this.#unit !== unit.index) {
      this.#origins.length = 0;
      this.#places.clear();
    }
    this.#unit = unit.index;
    const known = this.#places.get(number);
    if (known !== ABSENT) return this.#origins[known];
    const origin = this.#describe(unit, number);
    this.#places.set(number, this.#origins.length);
    this.#origins.push(origin);
    return origin;
  }

  #describe(from: Unit, number: number): Origin | undefined {
    const described = this.#described;
    described.clear();
    // Places of its parameters.
    let unit = from;
    let at = 0;
    for (let links = 0; number !== 0 && links < LINKS; links++) {
      const there = this.#dwarf.unitOf(number, from);
      const entry = this.#entry.read(there, number - there.start);
      if (described.name === 0) described.setName(this.#table.names.ofEntry(entry, At.NAME), entry);
      described.result ||= entry.reference(At.TYPE);
      described.isGlobal ||= entry.flag(At.EXTERNAL);
      if (entry.hasChildren && at === 0) {
        unit = there;
        at = entry.offset;
      }
      number = entry.reference(At.ABSTRACT_ORIGIN) || entry.reference(At.SPECIFICATION);
    }
    if (described.name === 0) return undefined;
    if (at !== 0) this.#readParameters(unit, at);
    const found = this.#function(unit);
    return found && { function: found, parameters: described.entries.slice(0, described.count) };
  }

  #readParameters(unit: Unit, function_: number): void {
    eachChild(unit, function_, ANY_TAG, (offset) => {
      const child = this.#child.read(unit, offset);
      if (child.tag === Tag.FORMAL_PARAMETER) {
        const name = this.#table.names.ofEntry(child, At.NAME);
        this.#described.add(unit.start + offset, name, child.reference(At.TYPE));
      } else if (child.tag === Tag.UNSPECIFIED_PARAMETERS) this.#described.add(0, 0, 0);
      if (this.#described.count > this.#most) throw tooMany(unit, offset, this.#most);
    });
  }

  /** The described function; undefined if BTF does not allow its name. */
  #function(unit: Unit): InlinedFunction | undefined {
    const spelling = this.#spell(unit);
    if (spelling >= 0 && spelling < this.#spelt.length) return this.#spelt[spelling];
    const found = this.#lookUp(unit);
    if (spelling >= 0) this.#spelt[spelling] = found;
    return found;
  }

  #lookUp(unit: Unit): InlinedFunction | undefined {
    const { name, isGlobal, result, names, types, count } = this.#described;
    const text = this.#described.text();
    if (!FUNCTION_NAME.test(text)) return undefined;
    const returned = this.#type(unit, result);
    const words: number[] = [];
    for (let place = 0; place < count; place++) {
      words.push(names[place], this.#type(unit, types[place]));
    }
    const proto = this.#table.findOrAdd(prototypeWords(returned, words));
    const index = this.#identities.add([name, isGlobal ? 1 : 0, proto]);
    if (index === this.all.length) {
      const inCore = this.#inCore(name, proto);
      const parameters = this.#parametersOf(words);
      this.all.push({ index, name: text, proto, isGlobal, inCore, parameters });
    }
    return this.all[index];
  }

  /** The id of a type: equal spellings are looked up once. */
  #type(unit: Unit, number: number): number {
    const spelling = this.#spelling.of(unit, number);
    if (spelling === UNSPELT) return this.#resolver.resolve(unit, number);
    return (this.#types[spelling] ??=
      this.#pointing(unit, number) ?? this.#resolver.resolve(unit, number));
  }

  /** A pointer or qualified type with a spelling: its target may be known by its own. */
  #pointing(from: Unit, number: number): number | undefined {
    if (number === 0) return undefined;
    const unit = this.#dwarf.unitOf(number, from);
    const entry = this.#entry.read(unit, number - unit.start);
    const kind = POINTING.get(entry.tag);
    if (kind === undefined) return undefined;
    const target = this.#type(unit, entry.reference(At.TYPE));
    return this.#table.findOrAdd(referenceWords(kind, 0, target));
  }

  /** The number of the described function's spelling; -1 if it has none. */
  #spell(unit: Unit): number {
    const { name, isGlobal, result, names, types, count, spelling } = this.#described;
    spelling[0] = name;
    spelling[1] = isGlobal ? 1 : 0;
    spelling[2] = this.#spelling.of(unit, result);
    let at = 3;
    let isSpelt = spelling[2] !== UNSPELT;
    for (let place = 0; place < count && isSpelt; place++) {
      const type = this.#spelling.of(unit, types[place]);
      spelling[at++] = names[place];
      spelling[at++] = type;
      isSpelt = type !== UNSPELT;
    }
    return isSpelt ? this.#spellings.add(spelling, at) : -1;
  }

  #inCore(name: number, proto: number): number {
    const { core } = this.#table;
    if (proto >= core.endId) return 0;
    for (let id = this.#table.firstNamed(name); id !== 0; id = this.#table.nextNamed(id)) {
      if (core.kind(id) === Kind.FUNC && core.sizeOrType(id) === proto) return id;
    }
    return 0;
  }

  /** `words`: name and type of each parameter in turn. */
  #parametersOf(words: readonly number[]): (ParameterType | undefined)[] {
    const parameters: (ParameterType | undefined)[] = [];
    for (let at = 0; at < words.length; at += 2) {
      const isVararg = words[at] === 0 && words[at + 1] === 0;
      parameters.push(isVararg ? undefined : this.#parameterType(words[at + 1]));
    }
    return parameters;
  }

  #parameterType(id: number): ParameterType {
    let known = this.#parameterTypes.get(id);
    if (known === undefined) {
      const size = sizeOfType(this.#table, id, this.#pointerSize);
      const isSigned = isSignedType(this.#table, id);
      known = { size: Number.isNaN(size) ? 0 : size, isSigned };
      this.#parameterTypes.set(id, known);
    }
    return known;
  }
}

function tooMany(unit: Unit, at: number, most: number): FormatError {
  return unitFault(unit, at, `more than ${most} parameters of a function`, 'dwarf-limit');
}
