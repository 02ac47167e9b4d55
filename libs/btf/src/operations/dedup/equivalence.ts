import {
  ELEMENT_WORDS,
  FIRST_ID,
  FIXED_WORDS,
  HEAD_IS_ID,
  IDS,
  infoKind,
  Kind,
  isEnum,
} from '../../kinds.ts';
import type { CanonicalTypes } from './canonical-types.ts';

/** A candidate's words with references, from `slot` on, and the distance to the other's. */
interface Run {
  slot: number;
  readonly end: number;
  readonly stride: number;
  readonly distance: number;
}

/**
 * Compares everything that two types reach, as libbpf's btf_dedup_is_equiv does: side by side,
 * under the hypothesis that each type of the canonical graph represents one of the candidate's. A
 * FWD equals a composite that it may declare; once the graphs are equal, it is known to declare it.
 */
export class Equivalence {
  readonly #canonical: CanonicalTypes;
  /** By canonical id: the candidate's type, or 0. */
  readonly #hypothesis: Uint32Array;
  /** The canonical ids with a candidate, in the order of discovery. */
  readonly #assumed: number[] = [];
  /** References of candidates that are still to be compared. */
  readonly #runs: Run[] = [];
  #needsBase = false;

  constructor(canonical: CanonicalTypes) {
    this.#canonical = canonical;
    this.#hypothesis = new Uint32Array(canonical.types.endId);
  }

  /**
   * Whether the graphs are equal; if so, maps declarations and composites on both sides. Exception:
   * a FWD of the base is not mapped to a composite of the split BTF, since the base stays as it is;
   * own types that refer to that FWD get the composite all the same.
   */
  join(candidate: number, canonical: number): boolean {
    const equal = this.#compare(candidate, canonical);
    if (equal) this.#learn();
    const joined = equal && !this.#needsBase;
    for (const id of this.#assumed) this.#hypothesis[id] = 0;
    this.#assumed.length = 0;
    this.#runs.length = 0;
    this.#needsBase = false;
    return joined;
  }

  /** Depth first: most different graphs differ at their first members. */
  #compare(candidate: number, canonical: number): boolean {
    const { words } = this.#canonical.types;
    const runs = this.#runs;
    if (!this.#compareOne(candidate, canonical)) return false;
    for (let run = runs.pop(); run !== undefined; run = runs.pop()) {
      const { slot, distance, stride } = run;
      run.slot += stride;
      if (run.slot < run.end) runs.push(run);
      if (!this.#compareOne(words[slot], words[slot + distance])) return false;
    }
    return true;
  }

  /** Compares two types and everything along a chain of pointers; leaves the rest in `runs`. */
  #compareOne(left: number, right: number): boolean {
    const { types } = this.#canonical;
    const { words, positions } = types;
    for (;;) {
      right = this.#canonical.resolveForward(right);
      const verdict = this.#compareHeads(left, right);
      if (verdict !== undefined) return verdict;
      const kind = types.kind(left);
      if (HEAD_IS_ID[kind] === 0 || IDS[kind] > 0) break;
      left = words[positions[left] + 2];
      right = words[positions[right] + 2];
    }
    this.#addRuns(left, right);
    return true;
  }

  /** Undefined if it depends on references. */
  #compareHeads(left: number, right: number): boolean | undefined {
    const all = this.#canonical;
    all.countStep();
    if (all.resolve(left) === all.resolve(right)) return true;
    // Only void equals void; below, 0 means that there is no hypothesis yet.
    if (left === 0) return false;
    const assumed = this.#hypothesis[right];
    // Compilers do describe one type twice in a unit.
    if (assumed !== 0) return assumed === left || this.#isTwin(assumed, left);
    this.#hypothesis[right] = left;
    this.#assumed.push(right);
    if (this.#isDeclaration(left, right)) return true;
    return this.#isAlike(left, right) ? undefined : false;
  }

  /** Whether one is a FWD and the other the kind of composite that it declares. */
  #isDeclaration(left: number, right: number): boolean {
    const { types } = this.#canonical;
    const [leftKind, rightKind] = [types.kind(left), types.kind(right)];
    if ((leftKind === Kind.FWD) === (rightKind === Kind.FWD)) return false;
    if (types.name(left) !== types.name(right)) return false;
    if (leftKind === Kind.FWD) return types.declaredKind(left) === rightKind;
    if (types.declaredKind(right) !== leftKind) return false;
    if (right < types.firstId) this.#needsBase = true;
    return true;
  }

  /** Whether two types are the same except for references. */
  #isAlike(left: number, right: number): boolean {
    const { types } = this.#canonical;
    const kind = types.kind(left);
    if (isEnum(kind) && (types.isEnumDeclaration(left) || types.isEnumDeclaration(right))) {
      return isEnum(types.kind(right)) && types.name(left) === types.name(right);
    }
    return COMPARED[kind] === 1 && types.alike(left, right);
  }

  /** The head's reference comes first. */
  #addRuns(left: number, right: number): void {
    const { words, positions } = this.#canonical.types;
    const at = positions[left];
    const distance = positions[right] - at;
    const kind = infoKind(words[at + 1]);
    if (kind === Kind.ARRAY) this.#runs.push({ slot: at + 3, end: at + 5, stride: 1, distance });
    else if (IDS[kind] > 0) {
      const slot = at + 3 + FIXED_WORDS[kind] + FIRST_ID[kind];
      const end = positions[left + 1];
      if (slot < end) this.#runs.push({ slot, end, stride: ELEMENT_WORDS[kind], distance });
    }
    if (HEAD_IS_ID[kind] === 1) {
      this.#runs.push({ slot: at + 2, end: at + 3, stride: 1, distance });
    }
  }

  /** Whether two types of the candidate's graph are the same, in all that they reach. */
  #isTwin(one: number, other: number): boolean {
    const { types } = this.#canonical;
    const { words, positions, endId } = types;
    const seen = new Set<number>();
    const stack = [one, other];
    while (stack.length > 0) {
      const right = stack.pop() ?? 0;
      const left = stack.pop() ?? 0;
      const key = left * endId + right;
      if (left === right || seen.has(key)) continue;
      seen.add(key);
      this.#canonical.countStep();
      if (!this.#isAlike(left, right)) return false;
      const distance = positions[right] - positions[left];
      types.eachReference(left, (slot) => stack.push(words[slot], words[slot + distance]));
    }
    return true;
  }

  /** Keeps the hypothesis's results for declarations and composites. */
  #learn(): void {
    const all = this.#canonical;
    const { types } = all;
    for (const id of this.#assumed) {
      const candidate = all.resolve(this.#hypothesis[id]);
      const canonical = all.resolve(id);
      const [kind, canonicalKind] = [types.kind(candidate), types.kind(canonical)];
      if (kind !== Kind.FWD && canonicalKind === Kind.FWD) all.map(canonical, candidate);
      if (this.#needsBase) continue;
      if (kind === Kind.FWD && canonicalKind !== Kind.FWD) all.map(candidate, canonical);
      const isComposite = kind === Kind.STRUCT || kind === Kind.UNION;
      // A type that a canonical type reaches need not be canonical itself yet.
      const isSettled = canonicalKind !== Kind.FWD && all.isMapped(canonical);
      if (isComposite && isSettled && !all.isMapped(candidate)) all.map(candidate, canonical);
    }
  }
}

/** 1 for the kinds in graphs of types; variables and tags are none. */
const COMPARED = Uint8Array.from({ length: 128 }, (_, kind) => {
  const isApart = kind === Kind.VAR || kind === Kind.DATASEC || kind === Kind.DECL_TAG;
  return kind !== Kind.VOID && kind <= Kind.ENUM64 && !isApart ? 1 : 0;
});
