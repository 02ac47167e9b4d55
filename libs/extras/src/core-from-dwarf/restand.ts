import { BtfBuilder, reachable, type Btf } from '@btf-depot/btf';

/**
 * Moves split BTF to another core that has most of the types of its own; missing types come along.
 * @param newIds by id in its own core the id in `core`, or a number beyond it for a type that
 *   `core` lacks.
 */
export function restand(split: Btf, core: Btf, newIds: Uint32Array): Uint8Array {
  const { firstId, endId } = split;
  const inCore = (id: number): number => (newIds[id] < core.endId ? newIds[id] : 0);
  const own = Array.from({ length: endId - firstId }, (_, index) => firstId + index);
  const reached = reachable(split, own, (id) => id >= firstId || inCore(id) === 0);
  const moved = new Map<number, number>();
  const comes: number[] = [];
  for (let id = 1; id < endId; id++) {
    if (reached[id] === 0 || (id < firstId && inCore(id) !== 0)) continue;
    moved.set(id, core.endId + comes.length);
    comes.push(id);
  }
  const newId = (id: number): number => moved.get(id) ?? inCore(id);
  const builder = new BtfBuilder({ base: core });
  for (const id of comes) builder.copy(split, id, newId);
  return builder.finish();
}
