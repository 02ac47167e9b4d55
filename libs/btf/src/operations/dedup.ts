import { Kind } from '../kinds.ts';
import type { Btf } from '../wire/btf.ts';
import { BtfBuilder } from '../wire/builder.ts';
import { TypePartition } from './partition-types.ts';

/**
 * The same BTF with each type once, as libbpf's btf__dedup has it: types are the same if C would
 * call them so, cycles included; a FWD, or an enum without values, becomes the one definition of
 * its name if there is just one. Types keep their order. Split BTF loses what its base has.
 * Variables and sections stay as they are, but for the ids of their types.
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
function resolveForwards(btf: Btf, { alias, classes, firsts }: TypePartition): boolean {
  let found = false;
  for (let id = btf.firstId; id < btf.endId; id++) {
    if (alias[id] !== id || !isDeclaration(btf, id)) continue;
    const definitions = btf
      .findAll(btf.name(id))
      .filter((other) => defines(btf, other, id) && alias[other] === other)
      .map((other) => classes[other]);
    const [first, ...rest] = definitions;
    if (definitions.length === 0 || rest.some((other) => other !== first)) continue;
    alias[id] = firsts[first];
    found = true;
  }
  return found;
}

function isDeclaration(btf: Btf, id: number): boolean {
  if (btf.nameOffset(id) === 0) return false;
  const kind = btf.kind(id);
  return kind === Kind.FWD || (isEnum(kind) && btf.vlen(id) === 0);
}

function defines(btf: Btf, id: number, declaration: number): boolean {
  const kind = btf.kind(id);
  if (btf.kind(declaration) !== Kind.FWD) return isEnum(kind) && btf.vlen(id) > 0;
  return kind === (btf.kflag(declaration) ? Kind.UNION : Kind.STRUCT);
}

function isEnum(kind: number): boolean {
  return kind === Kind.ENUM || kind === Kind.ENUM64;
}
