import { Kind, packInfo } from '../kinds.ts';
import type { BtfBuilder } from './builder.ts';

// One function for each kind on top of BtfBuilder.add, for code that writes types rather than
// copies them. Type arguments are ids, sizes are bytes, member offsets are bits; each returns the
// new id.

export interface MemberInput {
  readonly name: string;
  readonly type: number;
  readonly bitOffset: number;
  /** Makes it a bit field; at most 255. */
  readonly bitSize?: number;
}

export interface SectionEntry {
  /** A VAR. */
  readonly type: number;
  readonly offset: number;
  readonly size: number;
}

/** Encoding bits of an INT. */
export const IntEncoding = { SIGNED: 1, CHAR: 2, BOOL: 4 } as const;

/** INT of whole bytes; `encoding` is of IntEncoding, 0 for unsigned. */
export function addInt(b: BtfBuilder, name: string, size: number, encoding = 0): number {
  const word = (encoding << 24) | (size * 8);
  return b.add({ kind: Kind.INT, name: b.string(name), sizeOrType: size }, [word]);
}

/** FLOAT. */
export function addFloat(b: BtfBuilder, name: string, size: number): number {
  return b.add({ kind: Kind.FLOAT, name: b.string(name), sizeOrType: size });
}

/** PTR, CONST, VOLATILE, RESTRICT: kinds without a name. */
export function addQualifier(
  b: BtfBuilder,
  kind: (typeof Kind)['PTR' | 'CONST' | 'VOLATILE' | 'RESTRICT'],
  type: number,
): number {
  return b.add({ kind, sizeOrType: type });
}

/** PTR; 0 makes it `void *`. */
export function addPointer(b: BtfBuilder, type: number): number {
  return addQualifier(b, Kind.PTR, type);
}

/** TYPEDEF. */
export function addTypedef(b: BtfBuilder, name: string, type: number): number {
  return b.add({ kind: Kind.TYPEDEF, name: b.string(name), sizeOrType: type });
}

/** ARRAY of `count` elements; `index` is the type of its index, usually an INT. */
export function addArray(b: BtfBuilder, type: number, index: number, count: number): number {
  return b.add({ kind: Kind.ARRAY }, [type, index, count]);
}

/** STRUCT or UNION; kflag is set if a member is a bit field. */
export function addComposite(
  b: BtfBuilder,
  kind: (typeof Kind)['STRUCT' | 'UNION'],
  name: string,
  size: number,
  members: readonly MemberInput[],
): number {
  const kflag = members.some(({ bitSize }) => bitSize !== undefined);
  const nameOffset = b.string(name);
  const tail = members.flatMap(({ name: member, type, bitOffset, bitSize = 0 }) => [
    b.string(member),
    type,
    kflag ? ((bitSize << 24) | bitOffset) >>> 0 : bitOffset,
  ]);
  return b.add({ kind, name: nameOffset, kflag, vlen: members.length, sizeOrType: size }, tail);
}

/** ENUM for a size up to 4, else ENUM64. */
export function addEnum(
  b: BtfBuilder,
  name: string,
  size: number,
  signed: boolean,
  values: readonly (readonly [name: string, value: bigint])[],
): number {
  const nameOffset = b.string(name);
  const wide = size > 4;
  const tail = values.flatMap(([value, number]) => {
    const low = Number(BigInt.asUintN(32, number));
    return wide
      ? [b.string(value), low, Number(BigInt.asUintN(32, number >> 32n))]
      : [b.string(value), low];
  });
  const kind = wide ? Kind.ENUM64 : Kind.ENUM;
  const head = { kind, name: nameOffset, kflag: signed, vlen: values.length, sizeOrType: size };
  return b.add(head, tail);
}

/** FWD: a struct or union that is only declared. */
export function addForward(b: BtfBuilder, name: string, isUnion: boolean): number {
  return b.add({ kind: Kind.FWD, name: b.string(name), kflag: isUnion });
}

/** FUNC_PROTO; a last parameter without name and type (`["", 0]`) stands for `...`. */
export function addFunctionProto(
  b: BtfBuilder,
  result: number,
  parameters: readonly (readonly [name: string, type: number])[],
): number {
  const tail = parameters.flatMap(([name, type]) => [b.string(name), type]);
  return b.add({ kind: Kind.FUNC_PROTO, vlen: parameters.length, sizeOrType: result }, tail);
}

/**
 * FUNC of a FUNC_PROTO. Linkage 0 static, 1 global, 2 extern: it is stored in place of the vlen.
 */
export function addFunction(b: BtfBuilder, name: string, proto: number, linkage: number): number {
  return b.addRaw(b.string(name), packInfo(Kind.FUNC, linkage, false), proto, []);
}

/** VAR. Linkage 0 static, 1 global, 2 extern. */
export function addVariable(b: BtfBuilder, name: string, type: number, linkage: number): number {
  return b.add({ kind: Kind.VAR, name: b.string(name), sizeOrType: type }, [linkage]);
}

/** DATASEC. Entries in the given order; verify wants them by offset, without overlap. */
export function addSection(
  b: BtfBuilder,
  name: string,
  size: number,
  entries: readonly SectionEntry[],
): number {
  const tail = new Uint32Array(entries.length * 3);
  entries.forEach(({ type, offset, size: bytes }, i) => tail.set([type, offset, bytes], i * 3));
  const head = { kind: Kind.DATASEC, name: b.string(name), vlen: entries.length, sizeOrType: size };
  return b.add(head, tail);
}

/** DECL_TAG; `component` is a member's or parameter's index, -1 for the whole declaration. */
export function addDeclTag(b: BtfBuilder, tag: string, type: number, component: number): number {
  const head = { kind: Kind.DECL_TAG, name: b.string(tag), sizeOrType: type };
  return b.add(head, [component >>> 0]);
}

/** TYPE_TAG, between a pointer and its target. */
export function addTypeTag(b: BtfBuilder, tag: string, type: number): number {
  return b.add({ kind: Kind.TYPE_TAG, name: b.string(tag), sizeOrType: type });
}
