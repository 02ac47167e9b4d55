import { FormatError } from '@btf-depot/bytes';
import { localClasses } from './local-classes.ts';
import type { TypeGraph } from './type-graph.ts';

/** Which types are the same. */
export interface EqualTypes {
  /**
   * For each node the smallest node that is the same type: it has the same words, and what it
   * refers to is the same, in turn, all the way. Of two BTFs, the first's types come first.
   */
  readonly representatives: Uint32Array;
  /** The same by the nodes' own words alone. */
  readonly local: Uint32Array;
}

/**
 * Rounds times nodes, for refining and again for checking: two seconds or so. That is 200 rounds
 * for a kernel's graph, which settles after 7, or after 30 where the two kernels differ.
 */
const WORK_LIMIT = 5e7;

/**
 * Finds the types that are the same (the coarsest bisimulation of the graph, or one near it). A
 * hash over ever more distant references proposes classes, in two lanes of 32 bits; an exact
 * comparison then takes apart what does not belong together, so that the result is right
 * whatever the hash does. 100 ms for two kernels' 246,000 types. Throws FormatError
 * `types-too-deep` where references are nested beyond reason.
 */
export function equalTypes(graph: TypeGraph): EqualTypes {
  const local = localClasses(graph);
  const representatives = propose(graph, local);
  const passes = Math.ceil(WORK_LIMIT / graph.size);
  for (let pass = 0; pass < passes; pass++) {
    if (!takeApart(graph, local, representatives)) return { representatives, local };
  }
  throw new FormatError('types-too-deep', 'types are nested too deeply to be compared');
}

/** Refines by hash until the number of classes stays; the result may join what only collides. */
function propose(graph: TypeGraph, local: Uint32Array): Uint32Array {
  const { size } = graph;
  let lanes: Lanes = [local.slice(), local.slice()];
  let next: Lanes = [new Uint32Array(size), new Uint32Array(size)];
  const representatives = local.slice();
  const rounds = Math.max(4, Math.ceil(WORK_LIMIT / size));
  let classes = 0;
  for (let round = 0; round < rounds; round++) {
    refine(graph, lanes, next);
    [lanes, next] = [next, lanes];
    // Counting takes longer than a round, and no kernel settles in the first three.
    if (round < 3 || (round % 2 === 0 && round < rounds - 1)) continue;
    const found = classesOf(lanes, representatives);
    if (found === classes) break;
    classes = found;
  }
  return representatives;
}

type Lanes = [Uint32Array, Uint32Array];

/** One round: each node's hash takes in those of its targets, in order. */
function refine(graph: TypeGraph, [a, b]: Lanes, [nextA, nextB]: Lanes): void {
  const { size, targets, targetStarts } = graph;
  for (let node = 0; node < size; node++) {
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

/** Fills in the smallest node of equal hash for each node, and counts the classes. */
function classesOf([a, b]: Lanes, representatives: Uint32Array): number {
  const size = a.length;
  let length = 64;
  while (length < size * 2) length *= 2;
  // Node + 1, 0 for a free slot.
  const slots = new Uint32Array(length);
  const mask = length - 1;
  let classes = 0;
  for (let node = 0; node < size; node++) {
    const [x, y] = [a[node], b[node]];
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
 * Compares each node with its representative exactly. Those that differ become classes of their
 * own, which may part others: true asks for another pass.
 */
function takeApart(graph: TypeGraph, local: Uint32Array, representatives: Uint32Array): boolean {
  const { size, targets, targetStarts } = graph;
  let changed = false;
  for (let node = 0; node < size; node++) {
    const other = representatives[node];
    if (other === node) continue;
    let same = local[node] === local[other];
    // The same words mean as many targets.
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
