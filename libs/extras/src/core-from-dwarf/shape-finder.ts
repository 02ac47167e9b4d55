import { infoKind, IntEncoding, Kind, packInfo } from '@btf-depot/btf';
import { At, Encoding, Entry, NOT_SAID, Tag, type Dwarf, type Unit } from '@btf-depot/dwarf';
import { DEEPEST, nestingFault, OPEN } from '../from-dwarf/types/nesting.ts';
import type { DwarfNames } from './dwarf-names.ts';
import type { DeclTag } from './functions.ts';
import type { Feature } from './rules.ts';
import { BY_KEY, KeyKind, keyOf, type Draft, type Shapes } from './shapes.ts';
import type { ShapesOfUnit } from './shapes-of-unit.ts';
import { NONE, UnitTypes } from './unit-types.ts';

const UNKNOWN = -1;

/** pahole's name for an integer of a size that BTF lacks. */
const FAKE_INT = '__SANITIZED_FAKE_INT__';

/** Shared by the finders of all units. */
export interface ShapeFinderParts {
  readonly dwarf: Dwarf;
  readonly names: DwarfNames;
  readonly shapes: Shapes;
  readonly draft: Draft;
  readonly ofUnit: ShapesOfUnit;
  /** The finder of the unit that has an entry. */
  readonly elsewhere: (number: number) => ShapeFinder;
  readonly features: ReadonlySet<Feature>;
}

/** Finds the shapes of a unit's types. */
export class ShapeFinder {
  readonly types: UnitTypes;
  readonly #shapes: Shapes;
  readonly #names: DwarfNames;
  readonly #ofUnit: ShapesOfUnit;
  readonly #rare: Entry;
  /** By number of the type. */
  #references = new Float64Array();
  /** Keys of the unit's named composites and enumerations, by number of the type. */
  #keys = new Uint32Array();
  readonly #draft: Draft;
  readonly #intName: number;
  readonly #features: ReadonlySet<Feature>;
  #depth = 0;
  readonly #elsewhere: (number: number) => ShapeFinder;

  constructor(parts: ShapeFinderParts) {
    const { dwarf, names, shapes, draft, ofUnit, elsewhere, features } = parts;
    this.types = new UnitTypes(dwarf, names);
    this.#rare = new Entry(dwarf.tables);
    this.#names = names;
    this.#shapes = shapes;
    this.#ofUnit = ofUnit;
    this.#elsewhere = elsewhere;
    this.#draft = draft;
    this.#intName = names.ofText('int');
    this.#features = features;
  }

  /** Reads the types of a unit, replacing the one before. */
  read(unit: Unit): void {
    this.types.read(unit);
    const { count } = this.types;
    if (this.#keys.length <= count) {
      this.#keys = new Uint32Array(count * 2);
      this.#references = new Float64Array(count * 2);
    }
    this.#references.fill(UNKNOWN, 0, count + 1);
    this.#giveKeys();
  }

  /** Finds the shapes of all types of the unit. */
  findAll(): void {
    const types = this.types;
    for (let index = 1; index <= types.count; index++) {
      if (types.tag[index] === Tag.SUBPROGRAM) continue;
      const key = this.#keys[index];
      if (key === NONE) this.#referenceTo(index);
      else if (types.isDeclaration[index] === 1) this.#shapes.isDeclared[key] = true;
      else this.#shapes.define(key, this.#define(index));
    }
    if (this.#features.has('decl_tag')) this.#tagAll();
  }

  /** Tags of structures, unions and typedefs are types of their own. */
  #tagAll(): void {
    const { annotations, tag, isDeclaration } = this.types;
    for (const owner of new Set(annotations.map((one) => one.owner))) {
      if (!TAGGED.has(tag[owner]) || isDeclaration[owner] === 1) continue;
      const type = this.#referenceTo(owner);
      for (const { name, component } of this.tagsOf(owner)) {
        const draft = this.#draft;
        const from = draft.length;
        draft.push(name);
        draft.push(packInfo(Kind.DECL_TAG, 0, false));
        draft.push(type);
        draft.push(component >>> 0);
        this.#shape(from);
      }
    }
  }

  /** Annotations of a type or function. */
  tagsOf(owner: number): DeclTag[] {
    const types = this.types;
    const { unit, annotations } = types;
    if (unit === undefined || annotations.length === 0) return [];
    return annotations.flatMap((one): DeclTag[] => {
      if (one.owner !== owner) return [];
      const name = this.#annotation(unit, one.offset, 'btf_decl_tag');
      if (name === undefined) return [];
      return [{ name, component: one.child === NONE ? -1 : this.#placeOf(owner, one.child) }];
    });
  }

  /** Index of a child among the members or parameters. */
  #placeOf(owner: number, child: number): number {
    const types = this.types;
    let place = 0;
    for (let at = types.firstChild[owner]; at !== child && at !== NONE; at = types.nextChild[at]) {
      if (types.childTag[at] === types.childTag[child]) place++;
    }
    return place;
  }

  /** The name in an annotation of that kind. */
  #annotation(unit: Unit, offset: number, kind: string): number | undefined {
    const entry = this.#rare.read(unit, offset);
    if (entry.string(At.NAME) !== kind || !entry.text(At.CONST_VALUE)) return undefined;
    return this.#names.at(entry.textBytes, entry.textAt);
  }

  /** Whether it is a structure, perhaps behind typedefs and qualifiers. */
  isStructure(reference: number): boolean {
    const { words, starts, keyKind } = this.#shapes;
    for (let to = reference; to !== 0;) {
      if (to >= BY_KEY) return keyKind[keyOf(to)] === KeyKind.STRUCT;
      const kind = infoKind(this.#shapes.infoOf(to));
      if (kind === Kind.STRUCT) return true;
      if (kind !== Kind.CONST && kind !== Kind.TYPEDEF) return false;
      to = words[starts[to] + 2];
    }
    return false;
  }

  /** The shape of a function on the draft; it is written only if the function is. */
  prototype(from: number): number {
    const shape = this.#shapes.find(this.#draft, from);
    this.#draft.length = from;
    this.#ofUnit.add(shape);
    return shape;
  }

  /** A reference to the type of an entry, 0 for void. */
  reference(number: number): number {
    if (number === 0) return 0;
    const index = this.types.numberOf(number);
    if (index < 0) return this.#elsewhere(number).#referenceFromElsewhere(number);
    return index === NONE ? 0 : this.#referenceTo(index);
  }

  /** The definition belongs to the other unit. */
  #referenceFromElsewhere(number: number): number {
    const index = this.types.numberOf(number);
    if (index <= NONE) return 0;
    const key = this.#keys[index];
    if (
      key !== NONE &&
      this.types.isDeclaration[index] === 0 &&
      this.#references[index] === UNKNOWN
    ) {
      this.#references[index] = OPEN;
      this.#shapes.define(key, this.#define(index));
    }
    return this.#referenceTo(index);
  }

  /** Two types of a unit with the same name, as in two functions, are told apart. */
  #giveKeys(): void {
    const types = this.types;
    const taken = new Set<number>();
    for (let index = 1; index <= types.count; index++) {
      const kind = keyKindOf(types.tag[index]);
      const name = types.name[index];
      this.#keys[index] = NONE;
      if (kind === undefined || name === 0 || types.origin[index] !== 0) continue;
      let key = this.#shapes.key(kind, name);
      if (types.isDeclaration[index] === 0) {
        if (taken.has(key)) key = this.#shapes.newKey(kind, name);
        else taken.add(key);
      }
      this.#keys[index] = key;
    }
  }

  #referenceTo(index: number): number {
    const key = this.#keys[index];
    if (key !== NONE) return (BY_KEY | key) >>> 0;
    const known = this.#references[index];
    if (known >= 0) return known;
    const types = this.types;
    if (known === OPEN || this.#depth >= DEEPEST) {
      const { unit } = types;
      if (unit) throw nestingFault(unit, types.offset[index], known);
    }
    this.#references[index] = OPEN;
    this.#depth++;
    const reference = this.#unnamed(index);
    this.#depth--;
    this.#references[index] = reference;
    return reference;
  }

  /** Takes the draft from an offset on as a shape, and removes it from the draft. */
  #shape(from: number): number {
    const shape = this.#shapes.find(this.#draft, from);
    this.#draft.length = from;
    this.#shapes.isWanted[shape] = true;
    this.#ofUnit.add(shape);
    return shape;
  }

  /** The shape of a type of three words. */
  #short(name: number, kind: number, type: number): number {
    const draft = this.#draft;
    const from = draft.length;
    draft.push(name);
    draft.push(packInfo(kind, 0, false));
    draft.push(type);
    return this.#shape(from);
  }

  #define(index: number): number {
    const isEnum = this.types.tag[index] === Tag.ENUMERATION_TYPE;
    return isEnum ? this.#enumeration(index) : this.#composite(index);
  }

  /** A type that has no key. */
  #unnamed(index: number): number {
    const types = this.types;
    switch (types.tag[index]) {
      case Tag.BASE_TYPE:
        return this.#base(index);
      case Tag.POINTER_TYPE:
      case Tag.REFERENCE_TYPE:
        return this.#pointer(index);
      case Tag.CONST_TYPE:
        return this.#modifier(Kind.CONST, 0, index);
      case Tag.VOLATILE_TYPE:
        return this.#modifier(Kind.VOLATILE, 0, index);
      case Tag.RESTRICT_TYPE:
        return this.#modifier(Kind.RESTRICT, 0, index);
      case Tag.TYPEDEF:
        return this.#modifier(Kind.TYPEDEF, types.name[index], index);
      case Tag.ATOMIC_TYPE:
        return this.reference(types.type[index]);
      case Tag.ARRAY_TYPE:
        return this.#array(index);
      case Tag.SUBROUTINE_TYPE:
        return this.#prototype(index);
      case Tag.ENUMERATION_TYPE:
        if (types.origin[index] !== 0) return this.reference(types.origin[index]);
        return types.isDeclaration[index] === 1 ? 0 : this.#define(index);
      case Tag.STRUCTURE_TYPE:
      case Tag.UNION_TYPE:
        if (types.origin[index] !== 0) return this.reference(types.origin[index]);
        // It says nothing about its target, and kernels refuse a FWD without a name.
        return types.isDeclaration[index] === 1 ? 0 : this.#define(index);
      default:
        return 0;
    }
  }

  #modifier(kind: number, name: number, index: number): number {
    const type = this.reference(this.types.type[index]);
    return this.#short(name, kind, type);
  }

  /** Tags stand between a pointer and its target, the last one next to the pointer. */
  #pointer(index: number): number {
    const types = this.types;
    let target = this.reference(types.type[index]);
    const tags = this.#features.has('type_tag') ? this.#typeTags(index) : [];
    for (const tag of tags) target = this.#short(tag, Kind.TYPE_TAG, target);
    return this.#short(0, Kind.PTR, target);
  }

  /** Names of clang's btf_type_tag annotations of a pointer, in the order of the entries. */
  #typeTags(index: number): number[] {
    const types = this.types;
    const { unit } = types;
    const tags: number[] = [];
    for (let child = types.firstChild[index]; child !== NONE; child = types.nextChild[child]) {
      if (types.childTag[child] !== Tag.LLVM_ANNOTATION || unit === undefined) continue;
      const tag = this.#annotation(unit, types.childType[child], 'btf_type_tag');
      if (tag !== undefined) tags.push(tag);
    }
    return tags;
  }

  #base(index: number): number {
    const { name, size, encoding } = this.types;
    const bytes = Math.max(size[index], 0);
    const is = encoding[index];
    // BTF has no complex numbers: they are described as integers, if one of the size exists.
    if (is === Encoding.FLOAT && FLOAT_SIZES.has(bytes) && this.#features.has('float')) {
      return this.#short(name[index], Kind.FLOAT, bytes);
    }
    const signed = is === Encoding.SIGNED || is === Encoding.SIGNED_CHAR;
    const bits = is === Encoding.BOOLEAN ? IntEncoding.BOOL : signed ? IntEncoding.SIGNED : 0;
    if (INT_SIZES.has(bytes)) return this.#int(name[index], bytes, bits);
    return this.#int(this.#names.ofText(FAKE_INT), 4, bits);
  }

  #int(name: number, size: number, encoding: number): number {
    const draft = this.#draft;
    const from = draft.length;
    draft.push(name);
    draft.push(packInfo(Kind.INT, 0, false));
    draft.push(size);
    draft.push((encoding << 24) | (size * 8));
    return this.#shape(from);
  }

  /** All dimensions in one, as in pahole. */
  #array(index: number): number {
    const types = this.types;
    let count = NOT_SAID;
    for (let child = types.firstChild[index]; child !== NONE; child = types.nextChild[child]) {
      if (types.childTag[child] !== Tag.SUBRANGE_TYPE) continue;
      count = count === NOT_SAID ? types.low[child] : Math.imul(count, types.low[child]) >>> 0;
    }
    const element = this.reference(types.type[index]);
    const by = this.#int(this.#intName, 4, IntEncoding.SIGNED);
    const draft = this.#draft;
    const from = draft.length;
    draft.push(0);
    draft.push(packInfo(Kind.ARRAY, 0, false));
    draft.push(0);
    draft.push(element);
    draft.push(by);
    draft.push(Math.max(count, 0));
    return this.#shape(from);
  }

  #prototype(index: number): number {
    const types = this.types;
    const draft = this.#draft;
    const from = draft.length;
    draft.push(0);
    draft.push(0);
    draft.push(this.reference(types.type[index]));
    for (let child = types.firstChild[index]; child !== NONE; child = types.nextChild[child]) {
      const tag = types.childTag[child];
      if (tag === Tag.FORMAL_PARAMETER) {
        draft.push(types.childName[child]);
        draft.push(this.reference(types.childType[child]));
      } else if (tag === Tag.UNSPECIFIED_PARAMETERS) {
        draft.push(0);
        draft.push(0);
      }
    }
    draft.words[from + 1] = packInfo(Kind.FUNC_PROTO, (draft.length - from - 3) / 2, false);
    return this.#shape(from);
  }

  #composite(index: number): number {
    const types = this.types;
    const kind = types.tag[index] === Tag.UNION_TYPE ? Kind.UNION : Kind.STRUCT;
    const draft = this.#draft;
    const from = draft.length;
    draft.push(types.name[index]);
    draft.push(0);
    draft.push(Math.max(types.size[index], 0));
    let hasBitFields = false;
    for (let child = types.firstChild[index]; child !== NONE; child = types.nextChild[child]) {
      if (types.childTag[child] !== Tag.MEMBER) continue;
      const width = types.high[child];
      hasBitFields ||= width > 0;
      draft.push(types.childName[child]);
      draft.push(this.reference(types.childType[child]));
      // With a width of 0 this is the plain offset, as in a structure without bit fields.
      draft.push((width << 24) | types.low[child]);
    }
    draft.words[from + 1] = packInfo(kind, (draft.length - from - 3) / 3, hasBitFields);
    return this.#shape(from);
  }

  /** ENUM for a size up to 4, else ENUM64; without that feature, values lose their high halves. */
  #enumeration(index: number): number {
    const types = this.types;
    const size = types.size[index] === NOT_SAID ? 4 : types.size[index];
    const wide = size > 4 && this.#features.has('enum64');
    const draft = this.#draft;
    const from = draft.length;
    draft.push(types.name[index]);
    draft.push(0);
    draft.push(size);
    let values = 0;
    let signed = false;
    for (let child = types.firstChild[index]; child !== NONE; child = types.nextChild[child]) {
      if (types.childTag[child] !== Tag.ENUMERATOR) continue;
      draft.push(types.childName[child]);
      draft.push(types.low[child]);
      if (wide) draft.push(types.high[child]);
      signed ||= types.mark[child] === 1;
      values++;
    }
    draft.words[from + 1] = packInfo(wide ? Kind.ENUM64 : Kind.ENUM, values, signed);
    return this.#shape(from);
  }
}

const TAGGED: ReadonlySet<number> = new Set([Tag.STRUCTURE_TYPE, Tag.UNION_TYPE, Tag.TYPEDEF]);

const INT_SIZES: ReadonlySet<number> = new Set([1, 2, 4, 8, 16]);
const FLOAT_SIZES: ReadonlySet<number> = new Set([2, 4, 8, 12, 16]);

function keyKindOf(tag: number): number | undefined {
  if (tag === Tag.STRUCTURE_TYPE) return KeyKind.STRUCT;
  if (tag === Tag.UNION_TYPE) return KeyKind.UNION;
  return tag === Tag.ENUMERATION_TYPE ? KeyKind.ENUM : undefined;
}
