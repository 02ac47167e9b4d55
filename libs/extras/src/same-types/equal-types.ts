import { FormatError } from '@btf-depot/bytes';
import { localClasses } from './local-classes.ts';
import type { TypeGraph } from './type-graph.ts';

/** Which types are the same. */
export interface EqualTypes {
  /**
   * For each node the smallest node of the same type: it has the same words, and refers to the same
   * types, recursively. The first BTF's types come first.
   */
  readonly representatives: Uint32Array;
  /** Equality by the nodes' own words alone. */
  readonly local: Uint32Array;
}

/**
 * Rounds times nodes, for refining and again for checking: about two seconds. That is 200 rounds
 * for a kernel's graph, which settles after 7, or after 30 if the two kernels differ.
 */
const WORK_LIMIT = 5e7;

/**
 * Finds equal types (the coarsest bisimulation of the graph, or one near it). A hash over ever more
 * distant references proposes classes, in two lanes of 32 bits. An exact comparison then splits
 * wrong classes, so that the result is right for any hash. It takes 60 ms for two kernels' 119,000
 * types. Throws FormatError `types-too-deep` if references are nested beyond reason.
 */
export function equalTypes(graph: TypeGraph): EqualTypes {
  const local = localClasses(graph);
  const representatives = propose(graph, local);
  const passes = Math.ceil(WORK_LIMIT / graph.size);
  for (let pass = 0; pass < passes; pass++) {
    if (!coreAndVariables(graph, local, representatives)) return { representatives, local };
  }
  throw new FormatError('types-too-deep', 'types are nested too deeply to be compared');
}

/** Refines by hash until the number of classes stays; collisions may join unequal types. */
function propose(graph: TypeGraph, local: Uint32Array): Uint32Array {
  const { size, types } = graph;
  let lanes: Lanes = [Int32Array.from(local), Int32Array.from(local)];
  let next: Lanes = [new Int32Array(size), new Int32Array(size)];
  const representatives = local.slice();
  const rounds = Math.max(4, Math.ceil(WORK_LIMIT / size));
  let length = 64;
  while (length < types.length * 2) length *= 2;
  const slots = new Uint32Array(length);
  let classes = 0;
  for (let round = 0; round < rounds; round++) {
    refine(graph, lanes, next);
    [lanes, next] = [next, lanes];
    // Counting costs more than a round, and no kernel settles in the first three.
    if (round < 3 || (round % 2 === 0 && round < rounds - 1)) continue;
    const found = classesOf(types, lanes, slots, representatives);
    if (found === classes) break;
    classes = found;
  }
  return representatives;
}

/** Signed, because V8 boxes larger numbers until a loop is optimised. */
type Lanes = [Int32Array, Int32Array];

/**
 * One round: each type's hash takes in its targets' hashes, in order. Loops here and below count
 * indexes: `for…of` makes an object a step until it is optimised, 30 ms in all.
 */
function refine(graph: TypeGraph, [a, b]: Lanes, [nextA, nextB]: Lanes): void {
  const { types, targets, targetStarts } = graph;
  const count = types.length;
  for (let index = 0; index < count; index++) {
    const node = types[index];
    let x = Math.imul(a[node] ^ 0x9e3779b9, 0x85ebca6b);
    let y = Math.imul(b[node] ^ 0x7f4a7c15, 0xc2b2ae35);
    const end = targetStarts[node + 1];
    for (let at = targetStarts[node]; at < end; at++) {
      const target = targets[at];
      x = Math.imul(x ^ a[target], 0x85ebca6b);
      x ^= x >>> 15;
      y = Math.imul((y + b[target]) | 0, 0xc2b2ae35);
      y ^= y >>> 13;
    }
    nextA[node] = x;
    nextB[node] = y;
  }
}

/**
 * Finds the smallest type of equal hash for each type, and counts the classes. `slots` is a work
 * table: a power of two, at least twice the number of types.
 */
function classesOf(
  types: Uint32Array,
  [a, b]: Lanes,
  slots: Uint32Array,
  representatives: Uint32Array,
): number {
  // Node + 1, 0 for a free slot.
  slots.fill(0);
  const mask = slots.length - 1;
  let classes = 0;
  const count = types.length;
  for (let index = 0; index < count; index++) {
    const node = types[index];
    const x = a[node];
    const y = b[node];
    let slot = (x ^ Math.imul(y, 31)) & mask;
    let entry = slots[slot];
    while (entry !== 0 && (a[entry - 1] !== x || b[entry - 1] !== y)) {
      slot = (slot + 1) & mask;
      entry = slots[slot];
    }
    if (entry === 0) {
      slots[slot] = entry = node + 1;
      classes++;
    }
    representatives[node] = entry - 1;
  }
  return classes;
}

/**
 * Compares each node exactly with its representative. Nodes that differ become classes of their
 * own, which may split others: true requests another pass.
 */
function coreAndVariables(
  graph: TypeGraph,
  local: Uint32Array,
  representatives: Uint32Array,
): boolean {
  const { types, targets, targetStarts } = graph;
  let changed = false;
  const count = types.length;
  for (let index = 0; index < count; index++) {
    const node = types[index];
    const other = representatives[node];
    if (other === node) continue;
    let same = local[node] === local[other];
    // Equal words have equally many targets.
    const from = targetStarts[node];
    const shift = targetStarts[other] - from;
    const end = targetStarts[node + 1];
    for (let at = from; same && at < end; at++) {
      same = representatives[targets[at]] === representatives[targets[at + shift]];
    }
    if (!same) {
      representatives[node] = node;
      changed = true;
    }
  }
  return changed;
}
