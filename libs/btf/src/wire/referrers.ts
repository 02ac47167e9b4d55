import type { Btf } from './btf.ts';
import { eachIdSlot } from './references.ts';

/** The references to each type: for one BTF and all of its bases. */
export interface Referrers {
  /** Ids of the types that refer to `id`, ascending; twice if one refers twice. */
  of(id: number): Uint32Array;
}

/** Builds the table of referrers, 8 bytes per reference and 4 per type. */
export function referrers(btf: Btf): Referrers {
  const starts = new Uint32Array(btf.endId + 1);
  eachEdge(btf, (_, target) => starts[target + 1]++);
  for (let id = 0; id < btf.endId; id++) starts[id + 1] += starts[id];
  const next = starts.slice();
  const users = new Uint32Array(starts[btf.endId]);
  eachEdge(btf, (user, target) => (users[next[target]++] = user));
  return { of: (id) => users.subarray(starts[id], starts[id + 1]) };
}

/** Every reference of every level, users in the order of their ids. */
function eachEdge(btf: Btf, visit: (user: number, target: number) => void): void {
  if (btf.base) eachEdge(btf.base, visit);
  const { words, positions, firstId } = btf;
  for (let own = 0; own < positions.length; own++) {
    eachIdSlot(words, positions[own], (slot) => visit(firstId + own, words[slot]));
  }
}
