import { FormatError } from '@btf-depot/bytes';
import type { Place, Variable } from './variables.ts';

/** One section's variables as a kernel accepts them: by offset, without overlap. */
interface ArrangedSection {
  readonly name: string;
  /** End of the last variable, in bytes. */
  readonly size: number;
  readonly variables: readonly PlacedVariable[];
}

export type PlacedVariable = Variable & { readonly place: Place };

export interface Arrangement {
  /** By name. */
  readonly sections: readonly ArrangedSection[];
  /** Variables that never had a place, or lost it to a longer one. */
  readonly outside: readonly Variable[];
  /** For a variable that another VAR lists too: the id of the VAR that stays. */
  readonly sameAs: ReadonlyMap<number, number>;
}

/**
 * Puts variables into sections that the kernel accepts (btf_datasec_check_meta in kernel/bpf/btf.c:
 * ascending, apart, not empty, within the section). Repeated entries (same section, offset, name
 * and type) become one variable. If different variables overlap, the longest keeps its place. The
 * result does not depend on the order of the input, unless `type` does. Throws FormatError
 * `datasec-range` for a variable beyond 4 GiB.
 */
export function arrange(variables: readonly Variable[]): Arrangement {
  const outside: Variable[] = [];
  const sameAs = new Map<number, number>();
  const bySection = new Map<string, PlacedVariable[]>();
  for (const variable of variables) {
    if (!isPlaced(variable) || variable.place.size === 0) {
      outside.push(variable);
      continue;
    }
    const section = bySection.get(variable.place.section);
    if (section) section.push(variable);
    else bySection.set(variable.place.section, [variable]);
  }
  const sections: ArrangedSection[] = [];
  for (const name of [...bySection.keys()].sort()) {
    const sorted = (bySection.get(name) ?? []).sort(byPlace);
    const kept = apart(unique(sorted, sameAs), outside);
    sections.push({ name, size: endOf(kept.at(-1)), variables: kept });
  }
  return { sections, outside: outside.sort(byIdentityThenPlace), sameAs };
}

function isPlaced(variable: Variable): variable is PlacedVariable {
  return variable.place !== undefined;
}

/** By offset; at one offset, the variable that keeps the place comes first. */
function byPlace(a: PlacedVariable, b: PlacedVariable): number {
  return (
    a.place.offset - b.place.offset ||
    byIdentity(a, b) ||
    b.place.size - a.place.size ||
    a.id - b.id
  );
}

function byIdentity(a: Variable, b: Variable): number {
  return compare(a.name, b.name) || a.type - b.type || b.linkage - a.linkage;
}

/** The result does not show these variables' places, but they need a fixed order too. */
function byIdentityThenPlace(a: Variable, b: Variable): number {
  return byIdentity(a, b) || compare(placeKey(a), placeKey(b)) || a.id - b.id;
}

function placeKey({ place }: Variable): string {
  return place ? `${place.section} ${place.offset} ${place.size}` : '';
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Leaves out repeated entries; equal ones are neighbours. */
function unique(sorted: readonly PlacedVariable[], sameAs: Map<number, number>): PlacedVariable[] {
  const kept: PlacedVariable[] = [];
  for (const variable of sorted) {
    const last = kept.at(-1);
    const again =
      last?.place.offset === variable.place.offset &&
      last.name === variable.name &&
      last.type === variable.type;
    if (!again) kept.push(variable);
    else if (last && last.id !== variable.id) sameAs.set(variable.id, last.id);
  }
  return kept;
}

/** Leaves out variables that overlap a longer one, and adds them to `outside`. */
function apart(sorted: readonly PlacedVariable[], outside: Variable[]): PlacedVariable[] {
  let end = 0;
  let overlaps = false;
  for (const variable of sorted) {
    overlaps ||= variable.place.offset < end;
    end = Math.max(end, endOf(variable));
  }
  if (end > 0xffffffff) {
    const message = `DATASEC '${sorted[0].place.section}' ends at ${end}`;
    throw new FormatError('datasec-range', message);
  }
  if (!overlaps) return [...sorted];

  const lost = new Uint8Array(sorted.length);
  const longestFirst = Array.from(sorted, (_, index) => index).sort(
    (a, b) => sorted[b].place.size - sorted[a].place.size || a - b,
  );
  for (const index of longestFirst) {
    if (lost[index] === 0) displace(sorted, index, lost);
  }
  return sorted.filter((variable, index) => {
    if (lost[index] === 1) outside.push(variable);
    return lost[index] === 0;
  });
}

/** Marks the variables that overlap the one at `index`; all longer ones have been handled. */
function displace(sorted: readonly PlacedVariable[], index: number, lost: Uint8Array): void {
  const { offset, size } = sorted[index].place;
  for (let next = index + 1; next < sorted.length; next++) {
    if (sorted[next].place.offset >= offset + size) break;
    lost[next] = 1;
  }
  // An earlier variable can only reach in from nearby: it is not longer than this one.
  for (let before = index - 1; before >= 0; before--) {
    if (sorted[before].place.offset <= offset - size) break;
    if (endOf(sorted[before]) > offset) lost[before] = 1;
  }
}

function endOf(variable: PlacedVariable | undefined): number {
  return variable ? variable.place.offset + variable.place.size : 0;
}
