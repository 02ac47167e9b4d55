import { FormatError } from '@btf-depot/bytes';
import { ELEMENT_NAMED, ELEMENT_WORDS, FIXED_WORDS, Kind, kindName } from '../kinds.ts';
import type { Btf } from '../wire/btf.ts';
import { eachReference } from '../wire/references.ts';

/** Where two types differ. */
export interface TypeDifference {
  /** From the types compared to the place: `task_struct.se.load`, `→` through a pointer. */
  readonly path: string;
  /** What differs: `kind`, `name`, `size`, `vlen`, `kflag`, `member`, `words`. */
  readonly what: string;
  readonly left: string;
  readonly right: string;
}

/** Pairs of types that are looked at; a kernel against another has a few hundred thousand. */
const MAX_PAIRS = 4_000_000;

interface Pair {
  readonly left: number;
  readonly right: number;
  readonly label: string;
  readonly parent: Pair | undefined;
}

/**
 * Whether two types of two BTFs are the same in all that they reach, cycles included: undefined,
 * or the first place (nearest to the types) where they differ. Ids and places of strings do not
 * matter. Throws FormatError `btf-limit` after four million pairs of types.
 */
export function compareTypes(
  left: Btf,
  leftId: number,
  right: Btf,
  rightId: number,
): TypeDifference | undefined {
  const queue: Pair[] = [{ left: leftId, right: rightId, label: '', parent: undefined }];
  const seen = new Set<number>();
  // Breadth first; the queue grows while it is read.
  for (const pair of queue) {
    const key = pair.left * right.endId + pair.right;
    if (seen.has(key)) continue;
    seen.add(key);
    if (seen.size > MAX_PAIRS) {
      throw new FormatError('btf-limit', `more than ${MAX_PAIRS} pairs of types to compare`, {
        section: left.section,
      });
    }
    const difference = compareOne(left, right, pair);
    if (difference) return difference;
    const targets = referencesOf(right, pair.right);
    referencesOf(left, pair.left).forEach((target, index) => {
      queue.push({
        left: target,
        right: targets[index],
        label: labelOf(left, pair.left, index),
        parent: pair,
      });
    });
  }
  return undefined;
}

function compareOne(left: Btf, right: Btf, pair: Pair): TypeDifference | undefined {
  const [a, b] = [pair.left, pair.right];
  const differ = (what: string, one: string | number, other: string | number) =>
    one === other
      ? undefined
      : { path: pathOf(left, pair), what, left: String(one), right: String(other) };
  const kind = left.kind(a);
  const third = (btf: Btf, id: number): number => (referencesHead(kind) ? 0 : btf.sizeOrType(id));
  return (
    differ('kind', kindName(kind), kindName(right.kind(b))) ??
    differ('name', left.name(a), right.name(b)) ??
    differ('vlen', left.vlen(a), right.vlen(b)) ??
    differ('kflag', Number(left.kflag(a)), Number(right.kflag(b))) ??
    differ('size', third(left, a), third(right, b)) ??
    compareTails(left, right, pair, differ)
  );
}

type Differ = (
  what: string,
  one: string | number,
  other: string | number,
) => TypeDifference | undefined;

function compareTails(left: Btf, right: Btf, pair: Pair, differ: Differ) {
  const [a, b] = [pair.left, pair.right];
  const kind = left.kind(a);
  if (kind === Kind.ARRAY) return differ('words', left.tail(a, 2), right.tail(b, 2));
  for (let i = 0; i < FIXED_WORDS[kind]; i++) {
    const difference = differ('words', left.tail(a, i), right.tail(b, i));
    if (difference) return difference;
  }
  const stride = ELEMENT_WORDS[kind];
  const named = ELEMENT_NAMED[kind] === 1;
  const plain = plainWords(kind);
  for (let i = 0; i < left.vlen(a) && stride > 0; i++) {
    const at = FIXED_WORDS[kind] + i * stride;
    if (named) {
      const names = [left.string(left.tail(a, at)), right.string(right.tail(b, at))] as const;
      const difference = differ('member', ...names);
      if (difference) return difference;
    }
    for (const word of plain) {
      const difference = differ(
        `${named ? left.string(left.tail(a, at)) : `element ${i}`} word ${word}`,
        left.tail(a, at + word),
        right.tail(b, at + word),
      );
      if (difference) return difference;
    }
  }
  return undefined;
}

/** Words of an element that are neither id nor name. */
function plainWords(kind: number): readonly number[] {
  switch (kind) {
    case Kind.STRUCT:
    case Kind.UNION:
    case Kind.LOCSEC:
      return [2];
    case Kind.ENUM:
      return [1];
    case Kind.ENUM64:
    case Kind.DATASEC:
      return [1, 2];
    case Kind.LOC_PARAM:
      return [0];
    default:
      return [];
  }
}

function referencesHead(kind: number): boolean {
  switch (kind) {
    case Kind.PTR:
    case Kind.TYPEDEF:
    case Kind.VOLATILE:
    case Kind.CONST:
    case Kind.RESTRICT:
    case Kind.FUNC:
    case Kind.FUNC_PROTO:
    case Kind.VAR:
    case Kind.DECL_TAG:
    case Kind.TYPE_TAG:
      return true;
    default:
      return false;
  }
}

function referencesOf(btf: Btf, id: number): number[] {
  const targets: number[] = [];
  eachReference(btf, id, (target) => targets.push(target));
  return targets;
}

/** What leads from a type to its reference number `index`. */
function labelOf(btf: Btf, id: number, index: number): string {
  const kind = btf.kind(id);
  if (kind === Kind.STRUCT || kind === Kind.UNION) {
    return `.${btf.string(btf.tail(id, index * 3)) || `(${index})`}`;
  }
  if (kind === Kind.PTR) return '→';
  if (kind === Kind.ARRAY) return index === 0 ? '[]' : '[index]';
  if (kind === Kind.FUNC_PROTO) return index === 0 ? '()' : `(${index})`;
  return kind === Kind.DATASEC ? `[${index}]` : '';
}

function pathOf(btf: Btf, pair: Pair): string {
  let path = '';
  let top = pair;
  for (; top.parent; top = top.parent) path = top.label + path;
  return `${btf.name(top.left) || kindName(btf.kind(top.left))}${path}`;
}
