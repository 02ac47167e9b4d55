import { FormatError } from '@btf-depot/bytes';
import type { Place, Variable } from './variables.ts';

/** One section's variables as a kernel takes them: by offset, none over another. */
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
  /** Those that have no place, or lost it to a longer one. */
  readonly outside: readonly Variable[];
  /** For a variable that was listed before under another VAR: the id of the VAR that stays. */
  readonly sameAs: ReadonlyMap<number, number>;
}

/**
 * Puts variables into sections that the kernel accepts (btf_datasec_check_meta in
 * kernel/bpf/btf.c: ascending, apart, not empty, within the section). What is listed twice (one
 * section, offset, name and type) becomes one variable. Of different ones that overlap, the
 * longest keeps its place. The result does not depend on the order of the input, as long as
 * `type` does not. Throws FormatError `datasec-range` for a variable beyond 4 GiB.
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

/** By offset; of those at one offset, the one that keeps the place comes first. */
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

/** For those outside, whose place no longer shows in the result but must order them all the same. */
function byIdentityThenPlace(a: Variable, b: Variable): number {
  return byIdentity(a, b) || compare(placeKey(a), placeKey(b)) || a.id - b.id;
}

function placeKey({ place }: Variable): string {
  return place ? `${place.section} ${place.offset} ${place.size}` : '';
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Leaves out what is listed again; equal ones are neighbours. */
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

/** Leaves out what overlaps something longer, and adds it to `outside`. */
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

/** Marks what overlaps the variable at `index`; all that is longer has been dealt with. */
function displace(sorted: readonly PlacedVariable[], index: number, lost: Uint8Array): void {
  const { offset, size } = sorted[index].place;
  for (let next = index + 1; next < sorted.length; next++) {
    if (sorted[next].place.offset >= offset + size) break;
    lost[next] = 1;
  }
  // What starts before can only reach in from nearby: it is not longer than this one.
  for (let before = index - 1; before >= 0; before--) {
    if (sorted[before].place.offset <= offset - size) break;
    if (endOf(sorted[before]) > offset) lost[before] = 1;
  }
}

function endOf(variable: PlacedVariable | undefined): number {
  return variable ? variable.place.offset + variable.place.size : 0;
}
