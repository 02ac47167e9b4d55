import { FormatError } from '@btf-depot/bytes';
import { Kind, packInfo } from '../kinds.ts';
import type { Btf } from '../wire/btf.ts';
import { BtfBuilder, type TypeHead } from '../wire/builder.ts';
import { parseBtf } from '../wire/parse.ts';
import type { BtfModel } from './model.ts';
import { eachChild } from './children.ts';
import type { BtfType } from './types.ts';

/**
 * The bytes of a model: header, types in their order, strings. Types that are reached but not
 * listed, here or in a base, are appended in the order of discovery. The same model gives the same
 * bytes. Throws FormatError `btf-model` for numbers that do not fit into their field.
 */
export function encodeBtf(model: BtfModel): Uint8Array<ArrayBuffer> {
  return builderOf(model).finish();
}

function builderOf(model: BtfModel): BtfBuilder {
  const base = model.base && baseOf(model.base);
  const builder = new BtfBuilder({
    endian: model.endian,
    base,
    strings: model.strings,
    headerLength: model.headerLength,
    layouts: model.layouts,
  });
  const ids = new Map<BtfType, number>();
  const below = idsOf(model.base);
  const own: BtfType[] = [];
  const list = (type: BtfType): void => {
    if (type.kind === 'void' || ids.has(type) || below.has(type)) return;
    ids.set(type, builder.firstId + own.length);
    own.push(type);
  };
  for (const type of model.types) list(type);
  // The list grows during the loop, until nothing new is reached.
  for (const type of own) eachChild(type, list);
  const idOf = (type: BtfType): number => ids.get(type) ?? below.get(type) ?? 0;
  for (const type of own) encodeType(builder, type, idOf);
  return builder;
}

const encodedBases = new WeakMap<BtfModel, Btf>();
const baseIds = new WeakMap<BtfModel, Map<BtfType, number>>();

/** A base is encoded once for all models split from it: do not change it afterwards. */
function baseOf(model: BtfModel): Btf {
  let btf = encodedBases.get(model);
  if (btf === undefined) {
    const below = model.base && baseOf(model.base);
    btf = parseBtf(encodeBtf(model), below ? { base: below } : {});
    encodedBases.set(model, btf);
  }
  return btf;
}

/** Ids of all types of a base and of its bases. */
function idsOf(model: BtfModel | undefined): ReadonlyMap<BtfType, number> {
  if (model === undefined) return new Map();
  let ids = baseIds.get(model);
  if (ids === undefined) {
    ids = new Map(idsOf(model.base));
    for (const type of model.types) ids.set(type, ids.size + 1);
    baseIds.set(model, ids);
  }
  return ids;
}

/** Appends the type; gives its id. */
function encodeType(b: BtfBuilder, type: BtfType, idOf: (type: BtfType) => number): number {
  const name = 'name' in type ? b.string(type.name) : 0;
  const add = (head: TypeHead, tail: number[] = []): number => {
    for (const word of tail) checkWord(word);
    checkWord(head.sizeOrType ?? 0);
    return b.add({ name, ...head }, tail);
  };
  switch (type.kind) {
    case 'void':
      return 0;
    case 'int': {
      const { encoding, bitOffset, bits } = type;
      return add({ kind: Kind.INT, sizeOrType: type.size }, [
        ((encoding << 24) | (bitOffset << 16) | bits) >>> 0,
      ]);
    }
    case 'float':
      return add({ kind: Kind.FLOAT, sizeOrType: type.size });
    case 'pointer':
    case 'const':
    case 'volatile':
    case 'restrict':
    case 'typedef':
      return add({ kind: REFERENCE_KINDS[type.kind], sizeOrType: idOf(type.type) });
    case 'typeTag':
      return add({ kind: Kind.TYPE_TAG, kflag: type.attribute, sizeOrType: idOf(type.type) });
    case 'array':
      return add({ kind: Kind.ARRAY }, [idOf(type.type), idOf(type.index), type.count]);
    case 'struct':
    case 'union': {
      const { members, bitFields: kflag } = type;
      const tail = members.flatMap(({ name: member, type: of, bitOffset, bitSize }) => {
        if (kflag ? bitOffset > 0xffffff || bitSize > 0xff : bitSize !== 0) {
          throw new FormatError('btf-model', `member ${member} of ${type.name} does not fit`);
        }
        const offset = kflag ? ((bitSize << 24) | bitOffset) >>> 0 : bitOffset;
        return [b.string(member), idOf(of), offset];
      });
      const kind = type.kind === 'union' ? Kind.UNION : Kind.STRUCT;
      return add({ kind, kflag, vlen: members.length, sizeOrType: type.size }, tail);
    }
    case 'enum':
    case 'enum64': {
      const wide = type.kind === 'enum64';
      const tail = type.values.flatMap(({ name: value, value: number }) => {
        const low = Number(BigInt.asUintN(32, number));
        const high = Number(BigInt.asUintN(32, number >> 32n));
        return wide ? [b.string(value), low, high] : [b.string(value), low];
      });
      const kind = wide ? Kind.ENUM64 : Kind.ENUM;
      const vlen = type.values.length;
      return add({ kind, kflag: type.signed, vlen, sizeOrType: type.size }, tail);
    }
    case 'forward':
      return add({ kind: Kind.FWD, kflag: type.isUnion });
    case 'functionProto': {
      const tail = type.parameters.flatMap(({ name: parameter, type: of }) => [
        b.string(parameter),
        idOf(of),
      ]);
      const vlen = type.parameters.length;
      return add({ kind: Kind.FUNC_PROTO, vlen, sizeOrType: idOf(type.result) }, tail);
    }
    case 'function':
      return b.addRaw(name, packInfo(Kind.FUNC, type.linkage, false), idOf(type.type), []);
    case 'variable':
      return add({ kind: Kind.VAR, sizeOrType: idOf(type.type) }, [type.linkage]);
    case 'section': {
      const tail = type.entries.flatMap(({ type: of, offset, size }) => [idOf(of), offset, size]);
      const vlen = type.entries.length;
      return add({ kind: Kind.DATASEC, vlen, sizeOrType: type.size }, tail);
    }
    case 'declTag': {
      const { attribute: kflag, component } = type;
      return add({ kind: Kind.DECL_TAG, kflag, sizeOrType: idOf(type.type) }, [component >>> 0]);
    }
    case 'locationParameter': {
      const { flags, values, size } = type;
      return add({ kind: Kind.LOC_PARAM, vlen: values.length, sizeOrType: size }, [
        flags,
        ...values,
      ]);
    }
    case 'locationProto': {
      const tail = type.parameters.map(idOf);
      return add({ kind: Kind.LOC_PROTO, vlen: tail.length }, tail);
    }
    case 'locationSection': {
      const tail = type.sites.flatMap(({ func, proto, offset }) => [
        idOf(func),
        idOf(proto),
        offset,
      ]);
      return add({ kind: Kind.LOCSEC, vlen: type.sites.length }, tail);
    }
    case 'unknown':
      return b.addRaw(name, type.info, type.sizeOrType, type.words);
  }
}

const REFERENCE_KINDS = {
  pointer: Kind.PTR,
  const: Kind.CONST,
  volatile: Kind.VOLATILE,
  restrict: Kind.RESTRICT,
  typedef: Kind.TYPEDEF,
} as const;

function checkWord(word: number): void {
  if (Number.isInteger(word) && word >= 0 && word <= 0xffffffff) return;
  throw new FormatError('btf-model', `${word} does not fit a field of 32 bits`);
}
