import { Kind } from '../../kinds.ts';
import { HASH_START, hashWord } from '../../wire/hash.ts';
import type { FlatTypes } from './flat-types.ts';

/** Hash of a type by all of its words, references included. */
export function wordsHash({ words, positions }: FlatTypes, id: number): number {
  let hash = HASH_START;
  for (let at = positions[id]; at < positions[id + 1]; at++) hash = hashWord(hash, words[at]);
  return hash;
}

/** Hash of a composite or typedef by all of its words except references. */
export function shapeHash(types: FlatTypes, id: number): number {
  const { words, positions } = types;
  const at = positions[id];
  let hash = hashWord(hashWord(HASH_START, words[at]), words[at + 1]);
  if (types.kind(id) === Kind.TYPEDEF) return hash;
  hash = hashWord(hash, words[at + 2]);
  for (let member = at + 3; member < positions[id + 1]; member += 3) {
    hash = hashWord(hashWord(hash, words[member]), words[member + 2]);
  }
  return hash;
}
