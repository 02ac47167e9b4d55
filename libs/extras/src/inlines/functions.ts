import { Kind } from '@btf-depot/btf';
import { At, Entry, eachChild, ANY_TAG, Tag, type Dwarf, type Unit } from '@btf-depot/dwarf';
import type { TypeResolver } from '../from-dwarf/resolve-types.ts';
import { isSignedType, sizeOfType } from '../from-dwarf/size-of.ts';
import { prototypeWords, referenceWords } from '../from-dwarf/type-words.ts';
import type { TypeTable } from '../from-dwarf/type-table.ts';
import type { ParameterType } from './location-words.ts';
import { ABSENT, NumberMap } from './number-map.ts';
import { TypeSpelling } from './type-spelling.ts';
import { WordPool } from './word-pool.ts';

/** A function that is inlined somewhere: one for each name and prototype. */
export interface InlinedFunction {
  /** Its place among the functions. */
  readonly index: number;
  readonly name: string;
  /** Id of its FUNC_PROTO: core's, or one that was added. */
  readonly proto: number;
  readonly isGlobal: boolean;
  /** Id of core's FUNC, 0 where core has none. */
  readonly inCore: number;
  /** In order; undefined for `...`. */
  readonly parameters: readonly (ParameterType | undefined)[];
}

/** A function as one unit describes it: the entry that inlined calls of it name as their origin. */
export interface Origin {
  readonly function: InlinedFunction;
  /** Numbers of the entries of its parameters, in order; 0 for `...`. */
  readonly parameters: readonly number[];
}

/** Origins may lead to others (DW_AT_abstract_origin, DW_AT_specification); two do in C. */
const LINKS = 8;

/** What a FUNC may be called (btf_name_valid_identifier in kernel/bpf/btf.c). */
const FUNCTION_NAME = /^[A-Za-z_.$][A-Za-z0-9_.$]{0,510}$/;

/** Kinds of types that say nothing but what they refer to. */
const POINTING: ReadonlyMap<number, number> = new Map([
  [Tag.POINTER_TYPE, Kind.PTR],
  [Tag.CONST_TYPE, Kind.CONST],
  [Tag.VOLATILE_TYPE, Kind.VOLATILE],
  [Tag.RESTRICT_TYPE, Kind.RESTRICT],
]);

/** Finds the function of core that an inlined call is of, or describes it. */
export class InlinedFunctions {
  readonly all: InlinedFunction[] = [];
  readonly #dwarf: Dwarf;
  readonly #table: TypeTable;
  readonly #resolver: TypeResolver;
  readonly #spelling: TypeSpelling;
  readonly #entry: Entry;
  readonly #child: Entry;
  readonly #pointerSize: number;
  /** Of the unit at hand, and where among them each is by its number. */
  readonly #origins: (Origin | undefined)[] = [];
  readonly #places = new NumberMap();
  #unit = -1;
  /** Functions by the number of their spelling. */
  readonly #spellings = new WordPool();
  readonly #spelt: InlinedFunction[] = [];
  /** Ids of types by the number of their spelling. */
  readonly #types = new Map<number, number>();
  /** Texts of names, undefined for those that BTF cannot have. */
  readonly #names = new Map<number, string | undefined>();
  /** Name, linkage and prototype of each in `all`, by its index. */
  readonly #identities = new WordPool();

  constructor(dwarf: Dwarf, table: TypeTable, resolver: TypeResolver, pointerSize: number) {
    this.#dwarf = dwarf;
    this.#table = table;
    this.#resolver = resolver;
    this.#spelling = new TypeSpelling(dwarf, table);
    this.#entry = new Entry(dwarf.tables);
    this.#child = new Entry(dwarf.tables);
    this.#pointerSize = pointerSize;
  }

  /** The origin of that number; undefined where it has no name that BTF can have. */
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
    let name: Name | undefined;
    let result = 0;
    let isGlobal = false;
    let described: { unit: Unit; number: number } | undefined;
    for (let links = 0; number !== 0 && links < LINKS; links++) {
      const inside = number >= from.start && number < from.start + from.bytes.length;
      const unit = inside ? from : this.#dwarf.unitOf(number);
      const entry = this.#entry.read(unit, number - unit.start);
      name ??= this.#nameOf(entry);
      result ||= entry.reference(At.TYPE);
      isGlobal ||= entry.flag(At.EXTERNAL);
      if (entry.hasChildren) described ??= { unit, number };
      number = entry.reference(At.ABSTRACT_ORIGIN) || entry.reference(At.SPECIFICATION);
    }
    if (name === undefined) return undefined;
    const { unit, numbers, words } = this.#parameters(described, from);
    const found = this.#function(unit, { name, isGlobal, result, words });
    return { function: found, parameters: numbers };
  }

  #nameOf(entry: Entry): Name | undefined {
    const number = this.#table.names.ofEntry(entry, At.NAME);
    let text = this.#names.get(number);
    if (text === undefined && !this.#names.has(number)) {
      const found = entry.string(At.NAME) ?? '';
      text = FUNCTION_NAME.test(found) ? found : undefined;
      this.#names.set(number, text);
    }
    return text === undefined ? undefined : { text, number };
  }

  /** `words`: name and number of the type's entry of each in turn, as TypeReader has them. */
  #parameters(described: { unit: Unit; number: number } | undefined, from: Unit) {
    const numbers: number[] = [];
    const words: number[] = [];
    const unit = described?.unit ?? from;
    if (described) {
      eachChild(unit, described.number - unit.start, ANY_TAG, (offset) => {
        const child = this.#child.read(unit, offset);
        if (child.tag === Tag.FORMAL_PARAMETER) {
          numbers.push(unit.start + offset);
          words.push(this.#table.names.ofEntry(child, At.NAME), child.reference(At.TYPE));
        } else if (child.tag === Tag.UNSPECIFIED_PARAMETERS) {
          numbers.push(0);
          words.push(0, 0);
        }
      });
    }
    return { unit, numbers, words };
  }

  #function(unit: Unit, described: Described): InlinedFunction {
    const { name, isGlobal, result, words } = described;
    const spelling = this.#spell(unit, described);
    if (spelling >= 0 && spelling < this.#spelt.length) return this.#spelt[spelling];
    const returned = this.#type(unit, result);
    const parameters = words.map((word, at) => (at % 2 === 0 ? word : this.#type(unit, word)));
    const proto = this.#table.findOrAdd(prototypeWords(returned, parameters));
    const index = this.#identities.add([name.number, isGlobal ? 1 : 0, proto]);
    if (index === this.all.length) {
      this.all.push({
        ...{ index, name: name.text, proto, isGlobal },
        inCore: this.#inCore(name, proto),
        parameters: this.#parameterTypes(proto),
      });
    }
    const found = this.all[index];
    if (spelling >= 0) this.#spelt[spelling] = found;
    return found;
  }

  /** The id of a type: what is spelt the same is looked up once. */
  #type(unit: Unit, number: number): number {
    const spelling = this.#spelling.of(unit, number);
    const known = this.#types.get(spelling);
    if (known !== undefined) return known;
    if (spelling === 0) return this.#resolver.resolve(unit, number);
    const id = this.#pointing(unit, number) ?? this.#resolver.resolve(unit, number);
    this.#types.set(spelling, id);
    return id;
  }

  /** A pointer or qualified type that has a spelling: what it refers to may be known by its own. */
  #pointing(from: Unit, number: number): number | undefined {
    if (number === 0) return undefined;
    const inside = number >= from.start && number < from.start + from.bytes.length;
    const unit = inside ? from : this.#dwarf.unitOf(number);
    const entry = this.#entry.read(unit, number - unit.start);
    const kind = POINTING.get(entry.tag);
    if (kind === undefined) return undefined;
    const target = this.#type(unit, entry.reference(At.TYPE));
    return this.#table.findOrAdd(referenceWords(kind, 0, target));
  }

  /** The number of the function's spelling; -1 where it has none. */
  #spell(unit: Unit, { name, isGlobal, result, words }: Described): number {
    const returned = this.#spelling.of(unit, result);
    if (returned === 0) return -1;
    const spelling = [name.number, isGlobal ? 1 : 0, returned];
    for (let i = 0; i < words.length; i += 2) {
      const type = this.#spelling.of(unit, words[i + 1]);
      if (type === 0) return -1;
      spelling.push(words[i], type);
    }
    return this.#spellings.add(spelling);
  }

  #inCore({ text, number }: Name, proto: number): number {
    const { core } = this.#table;
    if (proto >= core.endId) return 0;
    const named = this.#table.named(number, () => text);
    return named.find((id) => core.kind(id) === Kind.FUNC && core.sizeOrType(id) === proto) ?? 0;
  }

  #parameterTypes(proto: number): (ParameterType | undefined)[] {
    const table = this.#table;
    return Array.from({ length: table.vlen(proto) }, (_, place) => {
      const type = table.tail(proto, place * 2 + 1);
      if (type === 0 && table.tail(proto, place * 2) === 0) return undefined;
      const size = sizeOfType(table, type, this.#pointerSize);
      return { size: Number.isNaN(size) ? 0 : size, isSigned: isSignedType(table, type) };
    });
  }
}

interface Name {
  readonly text: string;
  /** As Names has it. */
  readonly number: number;
}

interface Described {
  readonly name: Name;
  readonly isGlobal: boolean;
  /** Number of the entry of what it returns. */
  readonly result: number;
  readonly words: readonly number[];
}
