import { Kind, packInfo } from '@btf-depot/btf';
import { MEMBER, type CompositeShape, type EnumShape } from './describe.ts';
import { highWord, lowWord } from './same-shape.ts';

// Types in wire format (Documentation/bpf/btf.rst), names as numbers.

/** PTR, TYPEDEF, qualifiers: types that refer to one type. */
export function referenceWords(kind: number, name: number, type: number): number[] {
  return [name, packInfo(kind, 0, false), type];
}

export function arrayWords(element: number, index: number, count: number): number[] {
  return [0, packInfo(Kind.ARRAY, 0, false), 0, element, index, count];
}

/** `parameters`: name and type of each in turn. */
export function prototypeWords(result: number, parameters: readonly number[]): number[] {
  return [0, packInfo(Kind.FUNC_PROTO, parameters.length / 2, false), result, ...parameters];
}

/** `types`: of each member in turn. */
export function compositeWords(shape: CompositeShape, types: readonly number[]): number[] {
  const { kind, name, size, members, hasBitFields } = shape;
  const words = [name, packInfo(kind, types.length, hasBitFields), size];
  types.forEach((type, index) => {
    const [member, place, width] = members.slice(index * MEMBER, index * MEMBER + 3);
    words.push(member, type, hasBitFields ? ((width << 24) | place) >>> 0 : place);
  });
  return words;
}

/** ENUM where the size is up to 4, else ENUM64. */
export function enumWords(shape: EnumShape, signed: boolean): number[] {
  const { name, size, names, values } = shape;
  const wide = size > 4;
  const words = [name, packInfo(wide ? Kind.ENUM64 : Kind.ENUM, values.length, signed), size];
  values.forEach((value, index) => {
    words.push(names[index], lowWord(value));
    if (wide) words.push(highWord(value));
  });
  return words;
}

/** INT with the encoding bits of IntEncoding. */
export function intWords(name: number, size: number, encoding: number): number[] {
  return [name, packInfo(Kind.INT, 0, false), size, ((encoding << 24) | (size * 8)) >>> 0];
}

export function floatWords(name: number, size: number): number[] {
  return [name, packInfo(Kind.FLOAT, 0, false), size];
}

export function forwardWords(name: number, isUnion: boolean): number[] {
  return [name, packInfo(Kind.FWD, 0, isUnion), 0];
}
