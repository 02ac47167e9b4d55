import { addSection, BtfBuilder, Kind, reachable, type Btf } from '@btf-depot/btf';
import type { Variable } from '../variables/variables.ts';

export interface KsymsBtf {
  /** The chosen variables as split BTF on the base of `vars`. */
  readonly ksyms: {
    readonly bytes: Uint8Array;
    readonly types: number;
    readonly variables: number;
  };
  /** All of `vars`, rearranged so that it begins with the types and variables of `ksyms`. */
  readonly vars: Uint8Array;
}

/**
 * Copies chosen variables of split BTF into their own, on the same base. Both results begin with
 * the same types, VARs and strings under the same ids and offsets; DATASECs come last. If one file
 * contains both, a compressor therefore stores little more than the difference.
 */
export function arrangeKsyms(vars: Btf, chosen: readonly Variable[]): KsymsBtf {
  const first = chosenFirst(vars, chosen);
  const rest: number[] = [];
  const isFirst = new Set(first);
  for (let id = vars.firstId; id < vars.endId; id++) {
    if (!isFirst.has(id) && vars.kind(id) !== Kind.DATASEC) rest.push(id);
  }
  const types = rest.filter((id) => vars.kind(id) !== Kind.VAR && vars.kind(id) !== Kind.DECL_TAG);
  const variables = rest.filter((id) => vars.kind(id) === Kind.VAR);
  const tags = rest.filter((id) => vars.kind(id) === Kind.DECL_TAG);
  const ksyms = write(vars, first);
  return {
    ksyms: {
      bytes: ksyms.finish(),
      types: ksyms.nextId - ksyms.firstId,
      variables: new Set(chosen.map(({ id }) => id)).size,
    },
    vars: write(vars, [...first, ...types, ...variables, ...tags]).finish(),
  };
}

/**
 * Own ids in their new order: types that chosen variables reach, the variables, tags of both.
 * Variables are ordered by place, so that ids ascend in the DATASECs too. Of the orders by place,
 * type and name this compresses best: K612's by 3.7 % for xz, 3.9 % for zstd and 0.2 % for deflate.
 */
function chosenFirst(vars: Btf, chosen: readonly Variable[]): number[] {
  const chosenIds = chosen.toSorted(byPlace).map(({ id }) => id);
  const isOwn = (id: number): boolean => id >= vars.firstId;
  const reached = reachable(vars, chosenIds, isOwn);
  const types: number[] = [];
  const tags: number[] = [];
  for (let id = vars.firstId; id < vars.endId; id++) {
    const kind = vars.kind(id);
    if (kind === Kind.DECL_TAG) {
      if (reached[vars.sizeOrType(id)] === 1 && isOwn(vars.sizeOrType(id))) tags.push(id);
    } else if (reached[id] === 1 && kind !== Kind.VAR) types.push(id);
  }
  return [...types, ...new Set(chosenIds), ...tags];
}

function byPlace({ place: a }: Variable, { place: b }: Variable): number {
  const [first = '', second = ''] = [a?.section, b?.section];
  if (first !== second) return first < second ? -1 : 1;
  return (a?.offset ?? 0) - (b?.offset ?? 0);
}

/** Copies own types in the given order, and of each DATASEC the entries whose VARs are copied. */
function write(vars: Btf, order: readonly number[]): BtfBuilder {
  const builder = new BtfBuilder({ endian: vars.endian, base: vars.base });
  const newIds = new Uint32Array(vars.typeCount);
  order.forEach((id, index) => (newIds[id - vars.firstId] = builder.firstId + index));
  const newId = (id: number): number => (id < vars.firstId ? id : newIds[id - vars.firstId]);
  for (const id of order) builder.copy(vars, id, newId);
  for (let id = vars.firstId; id < vars.endId; id++) {
    if (vars.kind(id) !== Kind.DATASEC) continue;
    const entries = entriesOf(vars, id).filter(({ type }) => newId(type) !== 0);
    const last = entries.at(-1);
    if (!last) continue;
    const moved = entries.map((entry) => ({ ...entry, type: newId(entry.type) }));
    addSection(builder, vars.name(id), last.offset + last.size, moved);
  }
  return builder;
}

function entriesOf(btf: Btf, id: number): { type: number; offset: number; size: number }[] {
  return Array.from({ length: btf.vlen(id) }, (_, index) => ({
    type: btf.tail(id, index * 3),
    offset: btf.tail(id, index * 3 + 1),
    size: btf.tail(id, index * 3 + 2),
  }));
}
