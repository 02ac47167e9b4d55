import {
  ELEMENT_NAMED,
  ELEMENT_WORDS,
  FIRST_ID,
  FIXED_WORDS,
  HEAD_IS_ID,
  IDS,
  infoKind,
  infoVlen,
  Kind,
} from '../kinds.ts';
import type { Btf } from './btf.ts';

/**
 * Calls `visit` with the index of each word that holds a type id, in wire order, for the type at
 * word `at` of `words`. Unknown kinds have none.
 */
export function eachIdSlot(words: Uint32Array, at: number, visit: (slot: number) => void): void {
  const info = words[at + 1];
  const kind = infoKind(info);
  if (HEAD_IS_ID[kind] === 1) visit(at + 2);
  const ids = IDS[kind];
  if (ids === 0) return;
  if (kind === Kind.ARRAY) {
    visit(at + 3);
    visit(at + 4);
    return;
  }
  const stride = ELEMENT_WORDS[kind];
  const first = at + 3 + FIXED_WORDS[kind] + FIRST_ID[kind];
  const end = first + infoVlen(info) * stride;
  for (let slot = first; slot < end; slot += stride) {
    visit(slot);
    if (ids > 1) visit(slot + 1);
  }
}

/**
 * The same for words that hold a string offset: the name, then those of members, values,
 * parameters.
 */
export function eachNameSlot(words: Uint32Array, at: number, visit: (slot: number) => void): void {
  visit(at);
  const info = words[at + 1];
  const kind = infoKind(info);
  if (ELEMENT_NAMED[kind] === 0) return;
  const stride = ELEMENT_WORDS[kind];
  const first = at + 3 + FIXED_WORDS[kind];
  const end = first + infoVlen(info) * stride;
  for (let slot = first; slot < end; slot += stride) visit(slot);
}

/** Calls `visit` with each type id that a type refers to, void included, in wire order. */
export function eachReference(btf: Btf, id: number, visit: (target: number) => void): void {
  if (id === 0) return;
  const { words, positions, firstId } = btf.owner(id);
  eachIdSlot(words, positions[id - firstId], (slot) => visit(words[slot]));
}

/**
 * Everything that the roots reach over references, themselves included: one byte per id below
 * `endId`, 1 if reached. `enter` may stop the walk at a type, which then counts as reached, but is
 * not entered.
 */
export function reachable(
  btf: Btf,
  roots: Iterable<number>,
  enter: (id: number) => boolean = () => true,
): Uint8Array {
  const reached = new Uint8Array(btf.endId);
  const stack: number[] = [];
  const mark = (id: number): void => {
    if (reached[id] !== 0) return;
    reached[id] = 1;
    stack.push(id);
  };
  for (const root of roots) mark(root);
  for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
    if (enter(id)) eachReference(btf, id, mark);
  }
  return reached;
}
