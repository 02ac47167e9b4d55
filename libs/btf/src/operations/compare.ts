import { FormatError } from '@btf-depot/bytes';
import {
  ELEMENT_NAMED,
  ELEMENT_WORDS,
  FIXED_WORDS,
  IDS,
  Kind,
  kindName,
  LAST_KIND,
} from '../kinds.ts';
import type { Btf } from '../wire/btf.ts';
import { eachReference } from '../wire/references.ts';

/** Where two types differ. */
export interface TypeDifference {
  /**
   * The way from the compared types to the difference: `task_struct.se.load`, `→` through a
   * pointer.
   */
  readonly path: string;
  /**
   * The difference there: `kind`, `name`, `size`, `vlen` (of members, values, …), `kflag`; of an
   * element its `name`, `offset`, `size` or `value`; `encoding`, `count`, `linkage`, `component`,
   * `flags`; `words` for an unknown kind.
   */
  readonly what: string;
  readonly left: string;
  readonly right: string;
}

/** Most pairs of types; two kernels have a few hundred thousand. */
const MAX_PAIRS = 4_000_000;

interface Pair {
  readonly left: number;
  readonly right: number;
  readonly label: string;
  readonly parent: Pair | undefined;
}

/**
 * Whether two types of two BTFs are the same in all that they reach, cycles included: undefined, or
 * the first difference (nearest to the types). Ids and string offsets do not matter. Throws
 * FormatError `btf-limit` after four million pairs of types.
 */
export function compareTypes(
  left: Btf,
  leftId: number,
  right: Btf,
  rightId: number,
): TypeDifference | undefined {
  const queue: Pair[] = [{ left: leftId, right: rightId, label: '', parent: undefined }];
  const seen = new Set<number>();
  // Breadth first; the queue grows during the loop.
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
  const differ: Differ = (what, one, other, label = '') =>
    one === other
      ? undefined
      : { path: pathOf(left, pair) + label, what, left: String(one), right: String(other) };
  const kind = left.kind(a);
  const third = (btf: Btf, id: number): number => (referencesHead(kind) ? 0 : btf.sizeOrType(id));
  return (
    differ('kind', kindName(kind), kindName(right.kind(b))) ??
    differ('name', left.name(a), right.name(b)) ??
    differ(kind === Kind.FUNC ? 'linkage' : 'vlen', left.vlen(a), right.vlen(b)) ??
    differ('kflag', Number(left.kflag(a)), Number(right.kflag(b))) ??
    differ('size', third(left, a), third(right, b)) ??
    (kind > LAST_KIND
      ? differ('words', left.typeWords(a).subarray(3).join(), right.typeWords(b).subarray(3).join())
      : compareTails(left, right, pair, differ))
  );
}

type Differ = (
  what: string,
  one: string | number,
  other: string | number,
  label?: string,
) => TypeDifference | undefined;

function compareTails(left: Btf, right: Btf, pair: Pair, differ: Differ) {
  const [a, b] = [pair.left, pair.right];
  const kind = left.kind(a);
  const { fixed, element } = PLAIN_WORDS[kind] ?? {};
  if (fixed) {
    const difference = differ(fixed.what, left.tail(a, fixed.word), right.tail(b, fixed.word));
    if (difference) return difference;
  }
  const stride = ELEMENT_WORDS[kind];
  const named = ELEMENT_NAMED[kind] === 1;
  for (let i = 0; i < left.vlen(a) && stride > 0; i++) {
    const at = FIXED_WORDS[kind] + i * stride;
    const label = elementLabel(left, kind, named ? left.tail(a, at) : 0, i);
    if (named) {
      const names = [left.string(left.tail(a, at)), right.string(right.tail(b, at))] as const;
      const difference = differ('name', ...names, label);
      if (difference) return difference;
    }
    for (const { what, word } of element ?? []) {
      const difference = differ(what, left.tail(a, at + word), right.tail(b, at + word), label);
      if (difference) return difference;
    }
  }
  return undefined;
}

interface PlainWord {
  readonly what: string;
  readonly word: number;
}

/** Words after the head that are neither id nor name, by kind. */
const PLAIN_WORDS: Readonly<
  Record<number, { readonly fixed?: PlainWord; readonly element?: readonly PlainWord[] }>
> = {
  [Kind.INT]: { fixed: { what: 'encoding', word: 0 } },
  [Kind.ARRAY]: { fixed: { what: 'count', word: 2 } },
  [Kind.VAR]: { fixed: { what: 'linkage', word: 0 } },
  [Kind.DECL_TAG]: { fixed: { what: 'component', word: 0 } },
  [Kind.STRUCT]: { element: [{ what: 'offset', word: 2 }] },
  [Kind.UNION]: { element: [{ what: 'offset', word: 2 }] },
  [Kind.ENUM]: { element: [{ what: 'value', word: 1 }] },
  [Kind.ENUM64]: {
    element: [
      { what: 'value', word: 1 },
      { what: 'value', word: 2 },
    ],
  },
  [Kind.DATASEC]: {
    element: [
      { what: 'offset', word: 1 },
      { what: 'size', word: 2 },
    ],
  },
  [Kind.LOC_PARAM]: {
    fixed: { what: 'flags', word: 0 },
    element: [{ what: 'value', word: 0 }],
  },
  [Kind.LOCSEC]: { element: [{ what: 'offset', word: 2 }] },
};

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

/** The step from a type to its reference number `index`. */
function labelOf(btf: Btf, id: number, index: number): string {
  const kind = btf.kind(id);
  if (kind === Kind.PTR) return '→';
  if (kind === Kind.ARRAY) return index === 0 ? '[]' : '[index]';
  if (IDS[kind] === 0) return '';
  if (kind === Kind.FUNC_PROTO) return index === 0 ? '()' : elementLabel(btf, kind, 0, index - 1);
  const named = kind === Kind.STRUCT || kind === Kind.UNION;
  const element = Math.floor(index / IDS[kind]);
  return elementLabel(btf, kind, named ? btf.tail(id, element * 3) : 0, element);
}

/** `.member`, `.ENUMERATOR`, or the index of an unnamed one. */
function elementLabel(btf: Btf, kind: number, nameOffset: number, index: number): string {
  if (kind === Kind.FUNC_PROTO) return `(${index + 1})`;
  if (ELEMENT_NAMED[kind] === 0) return `[${index}]`;
  return `.${btf.string(nameOffset) || `(${index})`}`;
}

function pathOf(btf: Btf, pair: Pair): string {
  let path = '';
  let top = pair;
  for (; top.parent; top = top.parent) path = top.label + path;
  return `${btf.name(top.left) || kindName(btf.kind(top.left))}${path}`;
}
