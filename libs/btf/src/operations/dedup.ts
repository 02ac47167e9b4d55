import { Kind } from '../kinds.ts';
import type { Btf } from '../wire/btf.ts';
import { BtfBuilder } from '../wire/builder.ts';
import { TypePartition } from './partition-types.ts';

/**
 * The same BTF with each type once, as libbpf's btf__dedup has it: types are the same if C would
 * call them so, cycles included; a FWD, or an enum without values, becomes the one definition of
 * its name if there is just one. Types keep their order. Split BTF loses what its base has.
 * Variables and sections stay as they are, but for the ids of their types. Throws FormatError
 * `btf-depth` for types that differ only far away, as no compiler makes them.
 */
export function dedupBtf(btf: Btf): Uint8Array<ArrayBuffer> {
  const partition = new TypePartition(btf);
  do partition.refine();
  while (resolveForwards(btf, partition));
  const { alias, classes, firsts } = partition;

  const builder = new BtfBuilder({
    endian: btf.endian,
    headerLength: btf.header.length,
    ...(btf.base && { base: btf.base }),
    ...(btf.layouts.length > 0 && { layouts: btf.layouts }),
  });
  const kept: number[] = [];
  const newIds = new Uint32Array(firsts.length);
  for (let id = 1; id < btf.endId; id++) {
    if (alias[id] !== id || firsts[classes[id]] !== id) continue;
    if (id < btf.firstId) newIds[classes[id]] = id;
    else {
      newIds[classes[id]] = btf.firstId + kept.length;
      kept.push(id);
    }
  }
  for (const id of kept) {
    builder.copy(btf, id, (target) => newIds[classes[alias[target]]]);
  }
  return builder.finish();
}

/** Points declarations at the definition of their name where that is one class; whether any was. */
function resolveForwards(btf: Btf, partition: TypePartition): boolean {
  const { alias, classes, firsts } = partition;
  const key = (space: number, id: number): number => partition.nameOf(id) * SPACES + space;
  // By name and name space: the class of the definition, or AMBIGUOUS.
  const definitions = new Map<number, number>();
  for (let id = 1; id < btf.endId; id++) {
    const space = definedSpace(btf, id);
    if (space === undefined || alias[id] !== id) continue;
    const known = definitions.get(key(space, id));
    const isOther = known !== undefined && known !== classes[id];
    definitions.set(key(space, id), isOther ? AMBIGUOUS : classes[id]);
  }
  let found = false;
  for (let id = btf.firstId; id < btf.endId; id++) {
    const space = declaredSpace(btf, id);
    if (space === undefined || alias[id] !== id) continue;
    const definition = definitions.get(key(space, id)) ?? AMBIGUOUS;
    if (definition === AMBIGUOUS) continue;
    alias[id] = firsts[definition];
    found = true;
  }
  return found;
}

const AMBIGUOUS = -1;
/** Kinds of tags that declarations tell apart: struct, union, enum. */
const [STRUCTS, UNIONS, ENUMS, SPACES] = [0, 1, 2, 3];

function declaredSpace(btf: Btf, id: number): number | undefined {
  if (btf.nameOffset(id) === 0) return undefined;
  const kind = btf.kind(id);
  if (kind === Kind.FWD) return btf.kflag(id) ? UNIONS : STRUCTS;
  return isEnum(kind) && btf.vlen(id) === 0 ? ENUMS : undefined;
}

function definedSpace(btf: Btf, id: number): number | undefined {
  if (btf.nameOffset(id) === 0) return undefined;
  const kind = btf.kind(id);
  if (kind === Kind.STRUCT) return STRUCTS;
  if (kind === Kind.UNION) return UNIONS;
  return isEnum(kind) && btf.vlen(id) > 0 ? ENUMS : undefined;
}

function isEnum(kind: number): boolean {
  return kind === Kind.ENUM || kind === Kind.ENUM64;
}
