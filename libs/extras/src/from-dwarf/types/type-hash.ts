import { infoKind, Kind } from '@btf-depot/btf';

/** Words between two names in the tail; 0 if it has none. */
export function nameStride(kind: number): number {
  switch (kind) {
    case Kind.STRUCT:
    case Kind.UNION:
    case Kind.ENUM64:
      return 3;
    case Kind.ENUM:
    case Kind.FUNC_PROTO:
      return 2;
    default:
      return 0;
  }
}

/** A hash of all words but names, so that indexing core needs no look-up of names. */
export function hashOf(words: ArrayLike<number>, from: number, to: number): number {
  const stride = nameStride(infoKind(words[from + 1]));
  let hash = 0x811c9dc5;
  for (let at = from + 1; at < to; at++) {
    if (stride > 0 && at >= from + 3 && (at - from - 3) % stride === 0) continue;
    hash = Math.imul(hash ^ words[at], 0x85ebca6b);
    hash ^= hash >>> 15;
  }
  return hash >>> 0;
}
