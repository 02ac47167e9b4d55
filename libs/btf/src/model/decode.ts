import { infoKind, Kind } from '../kinds.ts';
import type { Btf } from '../wire/btf.ts';
import { enum64Value } from '../text/labels.ts';
import type { BtfModel } from './model.ts';
import { VOID, type BtfType } from './types.ts';

/**
 * The model of a BTF and its bases. For every BTF that a kernel accepts, `encodeBtf` makes the same
 * bytes of it (words without meaning for their kind are dropped).
 */
export function decodeBtf(btf: Btf): BtfModel {
  const base = btf.base && decodeBtf(btf.base);
  return decodeOn(btf, base);
}

/** The same on a decoded base: models of modules then share its objects. */
export function decodeOn(btf: Btf, base: BtfModel | undefined): BtfModel {
  // Creates all objects first, so that references in any direction find theirs.
  const types = Array.from({ length: btf.typeCount }, () => ({}) as BtfType);
  const levels = [{ types, firstId: btf.firstId }];
  for (let level = base, of = btf.base; level && of; level = level.base, of = of.base) {
    levels.push({ types: level.types, firstId: of.firstId });
  }
  const at = (id: number): BtfType => {
    const level = levels.find(({ firstId }) => id >= firstId);
    return level ? level.types[id - level.firstId] : VOID;
  };
  types.forEach((type, own) => Object.assign(type, decodeType(btf, btf.firstId + own, at)));
  return {
    types,
    endian: btf.endian,
    strings: btf.strings,
    headerLength: btf.header.length,
    base,
    layouts: btf.layouts.length > 0 ? btf.layouts : undefined,
  };
}

function decodeType(btf: Btf, id: number, at: (id: number) => BtfType): BtfType {
  const name = btf.name(id);
  const third = btf.sizeOrType(id);
  const vlen = btf.vlen(id);
  const kflag = btf.kflag(id);
  const word = (index: number): number => btf.tail(id, index);
  const each = <T>(make: (index: number) => T): T[] =>
    Array.from({ length: vlen }, (_, i) => make(i));
  const text = (index: number): string => btf.string(word(index));
  const kind = infoKind(btf.info(id));
  switch (kind) {
    case Kind.INT: {
      const data = word(0);
      const [encoding, bitOffset, bits] = [(data >>> 24) & 0xf, (data >>> 16) & 0xff, data & 0xff];
      return { kind: 'int', name, size: third, encoding, bits, bitOffset };
    }
    case Kind.FLOAT:
      return { kind: 'float', name, size: third };
    case Kind.PTR:
      return { kind: 'pointer', type: at(third) };
    case Kind.CONST:
      return { kind: 'const', type: at(third) };
    case Kind.VOLATILE:
      return { kind: 'volatile', type: at(third) };
    case Kind.RESTRICT:
      return { kind: 'restrict', type: at(third) };
    case Kind.TYPEDEF:
      return { kind: 'typedef', name, type: at(third) };
    case Kind.TYPE_TAG:
      return { kind: 'typeTag', name, type: at(third), attribute: kflag };
    case Kind.ARRAY:
      return { kind: 'array', type: at(word(0)), index: at(word(1)), count: word(2) };
    case Kind.STRUCT:
    case Kind.UNION: {
      const members = each((i) => {
        const offset = word(i * 3 + 2);
        const [bitOffset, bitSize] = kflag ? [offset & 0xffffff, offset >>> 24] : [offset, 0];
        return { name: text(i * 3), type: at(word(i * 3 + 1)), bitOffset, bitSize };
      });
      const label = kind === Kind.UNION ? 'union' : 'struct';
      return { kind: label, name, size: third, members, bitFields: kflag };
    }
    case Kind.ENUM: {
      const value = (i: number): bigint => BigInt(kflag ? word(i * 2 + 1) | 0 : word(i * 2 + 1));
      const values = each((i) => ({ name: text(i * 2), value: value(i) }));
      return { kind: 'enum', name, size: third, signed: kflag, values };
    }
    case Kind.ENUM64: {
      const value = (i: number): bigint => enum64Value(word(i * 3 + 1), word(i * 3 + 2), kflag);
      const values = each((i) => ({ name: text(i * 3), value: value(i) }));
      return { kind: 'enum64', name, size: third, signed: kflag, values };
    }
    case Kind.FWD:
      return { kind: 'forward', name, isUnion: kflag };
    case Kind.FUNC_PROTO: {
      const parameters = each((i) => ({ name: text(i * 2), type: at(word(i * 2 + 1)) }));
      return { kind: 'functionProto', result: at(third), parameters };
    }
    case Kind.FUNC:
      return { kind: 'function', name, type: at(third), linkage: vlen };
    case Kind.VAR:
      return { kind: 'variable', name, type: at(third), linkage: word(0) };
    case Kind.DATASEC: {
      const entries = each((i) => {
        return { type: at(word(i * 3)), offset: word(i * 3 + 1), size: word(i * 3 + 2) };
      });
      return { kind: 'section', name, size: third, entries };
    }
    case Kind.DECL_TAG:
      return { kind: 'declTag', name, type: at(third), component: word(0) | 0, attribute: kflag };
    case Kind.LOC_PARAM: {
      const values = each((i) => word(i + 1));
      return { kind: 'locationParameter', size: third, flags: word(0), values };
    }
    case Kind.LOC_PROTO:
      return { kind: 'locationProto', parameters: each((i) => at(word(i))) };
    case Kind.LOCSEC: {
      const sites = each((i) => {
        return { func: at(word(i * 3)), proto: at(word(i * 3 + 1)), offset: word(i * 3 + 2) };
      });
      return { kind: 'locationSection', name, sites };
    }
    default:
      return {
        kind: 'unknown',
        name,
        info: btf.info(id),
        sizeOrType: third,
        words: [...btf.typeWords(id).subarray(3)],
      };
  }
}
