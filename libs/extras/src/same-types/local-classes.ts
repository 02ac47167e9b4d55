import type { TypeGraph } from './type-graph.ts';

/**
 * For each type the smallest node with the same words, compared word by word; the hash only finds
 * candidates. Void, and nodes that are no types, are classes of their own.
 */
export function localClasses(graph: TypeGraph): Uint32Array {
  const { size, types, words, starts } = graph;
  let length = 64;
  while (length < types.length * 2) length *= 2;
  // Node + 1, 0 for a free slot.
  const slots = new Uint32Array(length);
  const mask = length - 1;
  const classes = new Uint32Array(size);
  for (let node = 0; node < size; node++) classes[node] = node;
  const count = types.length;
  for (let index = 0; index < count; index++) {
    const node = types[index];
    let slot = hashWords(words, starts[node], starts[node + 1]) & mask;
    let entry = slots[slot];
    while (entry !== 0 && !sameWords(graph, entry - 1, node)) {
      slot = (slot + 1) & mask;
      entry = slots[slot];
    }
    if (entry === 0) slots[slot] = entry = node + 1;
    classes[node] = entry - 1;
  }
  return classes;
}

function hashWords(words: Uint32Array, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let at = from; at < to; at++) {
    hash = Math.imul(hash ^ words[at], 0x85ebca6b);
    hash ^= hash >>> 15;
  }
  return hash;
}

function sameWords({ words, starts }: TypeGraph, a: number, b: number): boolean {
  const from = starts[a];
  const end = starts[a + 1];
  const shift = starts[b] - from;
  if (starts[b + 1] - shift !== end) return false;
  for (let at = from; at < end; at++) {
    if (words[at] !== words[at + shift]) return false;
  }
  return true;
}
