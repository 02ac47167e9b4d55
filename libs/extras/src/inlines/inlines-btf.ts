import { BtfBuilder, Kind, type Btf } from '@btf-depot/btf';
import { addFunctions, type AddedTypes } from './add-functions.ts';
import { SITE, type InlineCollector } from './collect.ts';

/** Inlined calls as split BTF on core, and what is in it. */
export interface InlinesBtf {
  readonly bytes: Uint8Array;
  /** All own types. */
  readonly types: number;
  readonly sites: number;
  /** Types and functions that core lacks. */
  readonly appended: number;
  readonly parameters: number;
  readonly prototypes: number;
}

/**
 * Writes what was collected. Order: types that core lacks, its functions, LOC_PARAMs and
 * LOC_PROTOs by how often they are used (small ids compress), LOCSECs by name. Sites are in the
 * order of their offsets; of those at one offset, the outermost call comes first. The same input
 * gives the same bytes.
 */
export function inlinesBtf(core: Btf, added: AddedTypes, collected: InlineCollector): InlinesBtf {
  const { sites, parameters, locations, sections } = collected;
  const uses = countUses(collected);
  const out = new BtfBuilder({ base: core });
  const { all } = collected.functions;
  const used = byUse(uses.functions).map((index) => all[index]);
  const funcIds = addFunctions(core, added, out, used);
  const appended = out.nextId - core.endId;

  const parameterIds = new Uint32Array(parameters.count);
  for (const number of byUse(uses.parameters)) {
    const [size, flags, ...values] = parameters.at(number);
    const head = { kind: Kind.LOC_PARAM, vlen: values.length, sizeOrType: size };
    parameterIds[number] = out.add(head, [flags, ...values]);
  }
  const locationIds = new Uint32Array(locations.count);
  for (const number of byUse(uses.locations)) {
    const ids = locations.at(number).map((one) => (one === 0 ? 0 : parameterIds[one - 1]));
    locationIds[number] = out.add({ kind: Kind.LOC_PROTO, vlen: ids.length }, ids);
  }
  const bySection = sections.all.map(({ name }, section) => ({ name, section }));
  for (const { name, section } of bySection.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (uses.sections[section] === 0) continue;
    const sorted = sitesOf(collected, section, uses.sections[section]);
    const tail = new Uint32Array(sorted.length * 3);
    for (let place = 0; place < sorted.length; place++) {
      const site = sorted[place];
      tail[place * 3] = funcIds[sites.at(site, SITE.function)];
      tail[place * 3 + 1] = locationIds[sites.at(site, SITE.locations)];
      tail[place * 3 + 2] = sites.at(site, SITE.offset);
    }
    out.add({ kind: Kind.LOCSEC, name: out.string(name), vlen: sorted.length }, tail);
  }
  return {
    bytes: out.finish(),
    types: out.nextId - core.endId,
    ...{ sites: sites.count, appended, parameters: parameters.count },
    prototypes: locations.count,
  };
}

/** How many sites each section has, and how many use each function and LOC_PROTO, and how many of these each LOC_PARAM. */
function countUses({ sections, sites, functions, locations, parameters }: InlineCollector) {
  const uses = {
    sections: new Uint32Array(sections.all.length),
    functions: new Uint32Array(functions.all.length),
    locations: new Uint32Array(locations.count),
    parameters: new Uint32Array(parameters.count),
  };
  for (let site = 0; site < sites.count; site++) {
    uses.sections[sites.at(site, SITE.section)]++;
    uses.functions[sites.at(site, SITE.function)]++;
    uses.locations[sites.at(site, SITE.locations)]++;
  }
  for (let number = 0; number < locations.count; number++) {
    for (const one of locations.at(number)) if (one > 0) uses.parameters[one - 1]++;
  }
  return uses;
}

/** The numbers that are used at all, the most used first. */
function byUse(uses: Uint32Array): number[] {
  const numbers: number[] = [];
  for (let number = 0; number < uses.length; number++) if (uses[number] > 0) numbers.push(number);
  return numbers.sort((a, b) => uses[b] - uses[a] || a - b);
}

/** The sites of a section by offset, else in the order of DWARF, which has the outer call first. */
function sitesOf({ sites }: InlineCollector, section: number, count: number): Uint32Array {
  // Offset and number in one: exact, because there are fewer than 2^21 sites.
  const keys = new Float64Array(count);
  let next = 0;
  for (let site = 0; site < sites.count; site++) {
    if (sites.at(site, SITE.section) !== section) continue;
    keys[next++] = sites.at(site, SITE.offset) * MOST_SITES + site;
  }
  keys.sort();
  const sorted = new Uint32Array(count);
  for (let place = 0; place < count; place++) sorted[place] = keys[place] % MOST_SITES;
  return sorted;
}

/** Sites of one kernel: five times what a distribution's has. */
export const MOST_SITES = 2 ** 21;
