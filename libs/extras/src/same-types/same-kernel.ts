import { FormatError } from '@btf-depot/bytes';
import { Kind, type Btf } from '@btf-depot/btf';
import type { TypeGraph } from './type-graph.ts';
import type { Variable } from '../variables/variables.ts';

/**
 * Throws FormatError `foreign-full` unless a full BTF can belong to the kernel of a core. Two
 * things hold for one kernel with any encoder:
 *
 * - every named struct and union of core is in full, with its size, members and their offsets: both
 *   come from the same DWARF;
 * - a variable that both have once in a section, by name, has the same offset in both.
 *
 * This does not distinguish two builds that agree in all of it.
 */
export function checkSameKernel(input: {
  readonly core: Btf;
  readonly graph: TypeGraph;
  /** Classes of nodes with the same words, by smallest node. */
  readonly local: Uint32Array;
  readonly coreVariables: readonly Variable[];
  readonly fullVariables: readonly Variable[];
}): void {
  const { core, graph, local } = input;
  const inFull = new Uint8Array(graph.size);
  for (let node = graph.secondStart; node < graph.size; node++) inFull[local[node]] = 1;
  let named = 0;
  let found = 0;
  for (let id = core.firstId; id < core.endId; id++) {
    const kind = core.kind(id);
    if ((kind !== Kind.STRUCT && kind !== Kind.UNION) || core.nameOffset(id) === 0) continue;
    named++;
    found += inFull[local[id]];
  }
  if (found < named) {
    const message =
      `full is of another kernel: it has ${found} of the ${named} named structs and unions ` +
      'of core';
    throw new FormatError('foreign-full', message);
  }
  const sections = new Set(input.coreVariables.map(({ place }) => place?.section));
  const comparable = input.fullVariables.filter(({ place }) => sections.has(place?.section));
  const inCore = singlePlaces(input.coreVariables);
  for (const [key, offset] of singlePlaces(comparable)) {
    const there = inCore.get(key);
    if (there === undefined || offset === there) continue;
    const [section, name] = key.split('\0');
    const message =
      `full is of another kernel: it has all ${named} named structs and unions of core, but ` +
      `'${name}' at offset ${offset} of ${section}, where core has it at ${there}`;
    throw new FormatError('foreign-full', message);
  }
}

/** Section and name → offset, for names that a section has at one offset only. */
function singlePlaces(variables: readonly Variable[]): Map<string, number> {
  const places = new Map<string, number>();
  const several = new Set<string>();
  for (const { name, place } of variables) {
    if (!place) continue;
    const key = `${place.section}\0${name}`;
    if ((places.get(key) ?? place.offset) !== place.offset) several.add(key);
    places.set(key, place.offset);
  }
  for (const key of several) places.delete(key);
  return places;
}
