import {
  addVariable,
  dedupBtf,
  Kind,
  packInfo,
  parseBtf,
  reachable,
  type Btf,
  type BtfBuilder,
} from '@btf-depot/btf';
import type { InlinedFunction } from './functions.ts';
import { WordPool } from './word-pool.ts';

const STATIC = 0;
const GLOBAL = 1;

/** Types that core lacks. */
export interface AddedTypes {
  readonly builder: BtfBuilder;
  /** Some of them may be there several times. */
  readonly mayRepeat: boolean;
}

/**
 * Adds the functions that core lacks to `out`, after the types of their prototypes. Returns the
 * FUNC ids by the functions' indexes, including core's own; 0 for functions that were not
 * requested.
 */
export function addFunctions(
  core: Btf,
  { builder, mayRepeat }: AddedTypes,
  out: BtfBuilder,
  functions: readonly InlinedFunction[],
): Uint32Array {
  const missing = functions.filter(({ inCore }) => inCore === 0);
  const { source, protos } = mayRepeat
    ? withEachTypeOnce(core, builder, missing)
    : { source: builder.toBtf(), protos: missing.map(({ proto }) => proto) };
  const newIds = copyReached(core, source, out, protos);
  const identities = new WordPool();
  const added: number[] = [];
  const most = functions.reduce((highest, { index }) => Math.max(highest, index), -1);
  const ids = new Uint32Array(most + 1);
  for (const { index, inCore } of functions) ids[index] = inCore;
  missing.forEach(({ index, name, isGlobal }, place) => {
    const proto = newIds.get(protos[place]) ?? protos[place];
    const linkage = isGlobal ? GLOBAL : STATIC;
    const words = [out.string(name), packInfo(Kind.FUNC, linkage, false), proto];
    const [offset, info] = words;
    ids[index] = added[identities.add(words)] ??= out.addRaw(offset, info, proto, []);
  });
  return ids;
}

/** The added types without duplicates, and the prototype of each function there. */
function withEachTypeOnce(core: Btf, builder: BtfBuilder, functions: readonly InlinedFunction[]) {
  // One variable for each prototype: variables are not merged, and keep their order.
  for (const { proto } of functions) addVariable(builder, 'f', proto, 0);
  const source = parseBtf(dedupBtf(builder.toBtf()), { base: core });
  const merged: number[] = [];
  for (let id = core.endId; id < source.endId; id++) {
    if (source.kind(id) === Kind.VAR) merged.push(source.sizeOrType(id));
  }
  return { source, protos: merged };
}

/** Copies everything beyond core that the roots reach; returns the new ids. */
function copyReached(core: Btf, source: Btf, out: BtfBuilder, roots: readonly number[]) {
  const reached = reachable(
    source,
    roots.filter((id) => id >= core.endId),
    (id) => id >= core.endId,
  );
  const newIds = new Map<number, number>();
  let next = out.nextId;
  for (let id = core.endId; id < source.endId; id++) if (reached[id] === 1) newIds.set(id, next++);
  for (const id of newIds.keys()) out.copy(source, id, (old) => newIds.get(old) ?? old);
  return newIds;
}
