import { isComposite, Kind, kindName } from '../../kinds.ts';
import { isModifier, type Btf } from '../../wire/btf.ts';

/** Why a type of a distilled base has no counterpart in another base. */
export type UnrelocatedReason = 'not-distilled' | 'missing' | 'ambiguous';

/** A type of a distilled base that another base lacks, or has twice. */
export interface Unrelocated {
  readonly why: UnrelocatedReason;
  /** In the distilled base. */
  readonly id: number;
  readonly kind: string;
  readonly name: string;
  /** Bytes; absent if its kind has none. */
  readonly size?: number | undefined;
  /** For an ambiguous one: the first two candidates in the other base. */
  readonly candidates?: readonly number[] | undefined;
}

/** Counterparts of a distilled base's types and names in another base. */
export interface DistilledMap {
  /** By type id; 0 if the other base has none. */
  readonly ids: Uint32Array;
  /** By string offset; 0 if no type of that name was found. */
  readonly strings: Uint32Array;
  readonly faults: readonly Unrelocated[];
}

/**
 * Looks up each type of a distilled base in a whole one by the rules of btf_relocate.c, which
 * libbpf and the kernel share. Odd rules (a FWD is no struct with bit fields, a struct is any type
 * of its name) are kept, so that both accept the same. That code stops at the first fault; this
 * finds all.
 */
export function mapDistilled(split: Btf, distilled: Btf, base: Btf): DistilledMap {
  const ids = new Uint32Array(distilled.endId);
  const strings = new Uint32Array(distilled.stringEnd);
  const faults = notDistilled(distilled);
  if (faults.length > 0) return { ids, strings, faults };
  const isEmbedded = embeddedTypes(split, distilled);
  const names = idsByName(distilled);
  const composites = compositesByName(base);
  const ambiguous = new Set<number>();
  for (let id = 1; id < base.endId; id++) {
    const nameOffset = base.nameOffset(id);
    const matching = matchingOf(base, id, composites);
    if (nameOffset === 0 || matching === 'none') continue;
    for (const own of names.get(base.name(id)) ?? []) {
      if (matching === 'size' && !isSameSize(distilled, own, base, id)) continue;
      if (!fits(distilled, own, base, id, isEmbedded[own] === 1)) continue;
      if (ids[own] === 0) {
        ids[own] = id;
        strings[distilled.nameOffset(own)] = nameOffset;
      } else if (!ambiguous.has(own)) {
        ambiguous.add(own);
        faults.push(fault('ambiguous', distilled, own, [ids[own], id]));
      }
    }
  }
  for (let own = 1; own < distilled.endId; own++) {
    if (ids[own] === 0) faults.push(fault('missing', distilled, own));
  }
  return { ids, strings, faults };
}

/** A distilled base has only named types without references. */
function notDistilled(distilled: Btf): Unrelocated[] {
  const faults: Unrelocated[] = [];
  for (let id = 1; id < distilled.endId; id++) {
    const isPlain = DISTILLED_KINDS.has(distilled.kind(id)) && distilled.nameOffset(id) !== 0;
    if (!isPlain) faults.push(fault('not-distilled', distilled, id));
  }
  return faults;
}

const DISTILLED_KINDS: ReadonlySet<number> = new Set([
  Kind.INT,
  Kind.FLOAT,
  Kind.ENUM,
  Kind.STRUCT,
  Kind.UNION,
  Kind.FWD,
]);

function fault(
  why: UnrelocatedReason,
  distilled: Btf,
  id: number,
  candidates?: readonly number[],
): Unrelocated {
  const kind = distilled.kind(id);
  const size = kind === Kind.FWD ? undefined : distilled.sizeOrType(id);
  return { why, id, kind: kindName(kind), name: distilled.name(id), size, candidates };
}

/**
 * 1 for each distilled type that a composite of the split BTF contains directly: its size must stay
 * the same, since the members after it keep their offsets.
 */
function embeddedTypes(split: Btf, distilled: Btf): Uint8Array {
  const embedded = new Uint8Array(distilled.endId);
  for (let id = split.firstId; id < split.endId; id++) {
    if (!isComposite(split.kind(id))) continue;
    for (let index = 0; index < split.vlen(id); index++) {
      const inner = innermost(split, split.tail(id, index * 3 + 1));
      if (isComposite(split.kind(inner)) && inner < distilled.endId) embedded[inner] = 1;
    }
  }
  return embedded;
}

/** Follows typedefs, qualifiers and arrays; 0 for a cycle, which no compiler writes. */
function innermost(btf: Btf, id: number): number {
  for (let links = 0; links <= btf.endId; links++) {
    const kind = btf.kind(id);
    if (kind === Kind.ARRAY) id = btf.tail(id, 0);
    else if (isModifier(kind)) id = btf.sizeOrType(id);
    else return id;
  }
  return 0;
}

function idsByName(distilled: Btf): Map<string, number[]> {
  const names = new Map<string, number[]>();
  for (let id = 1; id < distilled.endId; id++) {
    const name = distilled.name(id);
    const ids = names.get(name);
    if (ids) ids.push(id);
    else names.set(name, [id]);
  }
  return names;
}

/** Number of structs and unions with a name, by its string offset. */
function compositesByName(base: Btf): Map<number, number> {
  const counts = new Map<number, number>();
  for (let id = 1; id < base.endId; id++) {
    if (!isComposite(base.kind(id))) continue;
    const name = base.nameOffset(id);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

/** The key by which a type of the whole base is looked up among the distilled ones. */
function matchingOf(
  base: Btf,
  id: number,
  composites: ReadonlyMap<number, number>,
): 'none' | 'name' | 'size' {
  switch (base.kind(id)) {
    case Kind.INT:
    case Kind.FLOAT:
    case Kind.ENUM:
    case Kind.ENUM64:
      return 'size';
    case Kind.FWD:
      return 'name';
    case Kind.STRUCT:
    case Kind.UNION:
      return (composites.get(base.nameOffset(id)) ?? 0) > 1 ? 'size' : 'name';
    default:
      return 'none';
  }
}

/** The sort keys there have 31 bits. */
function isSameSize(distilled: Btf, own: number, base: Btf, id: number): boolean {
  return ((distilled.sizeOrType(own) ^ base.sizeOrType(id)) & 0x7fffffff) === 0;
}

function fits(distilled: Btf, own: number, base: Btf, id: number, isEmbedded: boolean): boolean {
  const kind = base.kind(id);
  switch (distilled.kind(own)) {
    case Kind.FWD:
      if (kind === Kind.FWD) return distilled.kflag(own) === base.kflag(id);
      return (kind === Kind.STRUCT && !base.kflag(id)) || (kind === Kind.UNION && base.kflag(id));
    case Kind.INT:
      return kind === Kind.INT && encodingOf(distilled, own) === encodingOf(base, id);
    case Kind.FLOAT:
      return kind === Kind.FLOAT;
    case Kind.ENUM:
      return kind === Kind.ENUM || kind === Kind.ENUM64;
    default:
      return !isEmbedded || distilled.sizeOrType(own) === base.sizeOrType(id);
  }
}

function encodingOf(btf: Btf, id: number): number {
  return (btf.tail(id, 0) >>> 24) & 0xf;
}
