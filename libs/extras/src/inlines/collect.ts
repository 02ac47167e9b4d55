import { FormatError } from '@btf-depot/bytes';
import { At, Language, type Dwarf, type Entry, type Unit } from '@btf-depot/dwarf';
import type { Elf } from '@btf-depot/elf';
import type { TypeResolver } from '../from-dwarf/types/resolve-types.ts';
import type { TypeTable } from '../from-dwarf/types/type-table.ts';
import { CodeSections } from './code-sections.ts';
import {
  LOCATION_KINDS,
  SITE_CLASSES,
  SITE_RULES,
  UNAVAILABLE,
  zeros,
  type SiteClass,
  type SiteRule,
  type Unavailable,
} from './coverage.ts';
import { InlinedFunctions, type Origin } from './functions.ts';
import type { ParameterType } from './location-words.ts';
import { ParameterLocations } from './parameter-locations.ts';
import { NumberRows } from './number-rows.ts';
import { SiteFinder, type FoundSite, type SiteVisitor } from './site-finder.ts';
import { WordPool } from './word-pool.ts';

/** Columns of a site. */
export const SITE = { section: 0, offset: 1, function: 2, locations: 3 } as const;

/** A site of the current unit, until its parameters were seen; the objects are reused. */
class OpenSite {
  /** Undefined for a site that is left out. */
  origin: Origin | undefined;
  section = 0;
  offset = 0;
  place: SiteClass = 'inside';
  isLowest = true;
  address = 0;
  view = 0;
  /** By parameter, slots of ParameterLocations; 0 for unmentioned ones. */
  readonly slots: number[] = [];
  /** How many of these belong to the site. */
  count = 0;
}

export interface CollectorInput {
  readonly elf: Elf;
  readonly dwarf: Dwarf;
  readonly table: TypeTable;
  readonly resolver: TypeResolver;
  /** Most sites, and parameters of a function. */
  readonly most: { readonly sites: number; readonly parameters: number };
}

/** Collects the inlined calls of units: the contents of LOCSECs, with all shared parts. */
export class InlineCollector implements SiteVisitor {
  readonly functions: InlinedFunctions;
  readonly sections: CodeSections;
  /** For LOC_PROTOs: numbers of LOC_PARAMs plus 1, 0 for none. */
  readonly locations = new WordPool();
  /** SITE columns for each site, in the order of DWARF. */
  readonly sites = new NumberRows(4);
  /** Class of each site, as index in SITE_CLASSES. */
  readonly classes: number[] = [];
  readonly count = {
    seen: 0,
    leftOut: zeros(SITE_RULES),
    classes: zeros(SITE_CLASSES),
    notLowest: 0,
    complete: 0,
    partial: 0,
    without: 0,
    noParameters: 0,
    located: zeros(LOCATION_KINDS),
    unavailable: zeros(UNAVAILABLE),
  };
  readonly #finder: SiteFinder;
  readonly #parameters: ParameterLocations;
  readonly #most: number;
  /** Known sites of the unit: no other unit has the same address. */
  readonly #seen = new WordPool();
  /** The current unit's come first. */
  readonly #open: OpenSite[] = [];
  #opened = 0;
  /** The finder's number of the first of these. */
  #first = 0;
  readonly #row = new Uint32Array(4);
  readonly #slots: number[] = [];

  constructor({ elf, dwarf, table, resolver, most }: CollectorInput) {
    const pointerSize = elf.class / 8;
    const { parameters } = most;
    this.functions = new InlinedFunctions({ dwarf, table, resolver, pointerSize, parameters });
    this.sections = new CodeSections(elf, dwarf.tables.space);
    this.#finder = new SiteFinder(dwarf);
    this.#parameters = new ParameterLocations(dwarf, pointerSize);
    this.#most = most.sites;
  }

  /** Words of LOC_PARAMs: see location-words.ts. */
  get parameters(): WordPool {
    return this.#parameters.pool;
  }

  unit(unit: Unit, variable?: (offset: number) => void): void {
    if (unit.language === Language.RUST) {
      const count = this.#finder.count(unit);
      this.count.seen += count;
      this.count.leftOut.language += count;
      return;
    }
    this.#parameters.unit(unit);
    this.#finder.each(unit, this, variable);
    for (let site = 0; site < this.#opened; site++) this.#close(this.#open[site]);
    this.#first += this.#opened;
    this.#opened = 0;
    this.#seen.clear();
  }

  function(subprogram: Entry): void {
    this.#parameters.function(subprogram);
  }

  site(unit: Unit, found: FoundSite): void {
    this.count.seen++;
    if (this.#opened === this.#open.length) this.#open.push(new OpenSite());
    const site = this.#open[this.#opened++];
    const rule = this.#judge(unit, found, site);
    if (rule === undefined) return;
    site.origin = undefined;
    this.count.leftOut[rule]++;
  }

  parameter(unit: Unit, number: number, entry: Entry): void {
    const site = this.#open[number - this.#first];
    if (site.origin === undefined) return;
    const { parameters, function: function_ } = site.origin;
    const place = parameters.indexOf(entry.reference(At.ABSTRACT_ORIGIN));
    const type = place < 0 ? undefined : function_.parameters[place];
    // gcc mentions some twice, first without a location.
    if (type === undefined || site.slots[place] > 0) return;
    site.slots[place] = this.#parameters.slotOf(unit, site, type, entry);
  }

  /** Completes the site that was found, unless a rule leaves it out. */
  #judge(unit: Unit, found: FoundSite, site: OpenSite): SiteRule | undefined {
    const { address, view, place, isLowest } = found;
    if (address === undefined) return 'address';
    const section = this.sections.at(address);
    if (!found.isInFunction || section < 0) return 'stray';
    const origin = found.origin === 0 ? undefined : this.functions.originOf(unit, found.origin);
    if (origin === undefined) return 'name';
    site.origin = origin;
    site.section = section;
    site.offset = this.sections.offset(section, address);
    site.place = place;
    site.isLowest = isLowest;
    site.address = address;
    site.view = view;
    const { length } = origin.function.parameters;
    site.count = length;
    for (let slot = 0; slot < length; slot++) site.slots[slot] = 0;
    return undefined;
  }

  #close(site: OpenSite): void {
    const { section, offset, origin, place, isLowest, slots } = site;
    if (origin === undefined) return;
    const { count } = this;
    const located = this.#slots;
    for (let slot = 0; slot < site.count; slot++) located[slot] = Math.max(slots[slot], 0);
    const row = this.#row;
    row[SITE.section] = section;
    row[SITE.offset] = offset;
    row[SITE.function] = origin.function.index;
    row[SITE.locations] = this.locations.add(located, site.count);
    const known = this.#seen.count;
    if (this.#seen.add(row) < known) {
      count.leftOut.repeated++;
      return;
    }
    this.sites.add(row);
    this.classes.push(SITE_CLASSES.indexOf(place));
    if (this.sites.count > this.#most) {
      const message = `more than ${this.#most} inlined calls`;
      throw new FormatError('dwarf-limit', message, { section: '.debug_info' });
    }
    count.classes[place]++;
    if (!isLowest) count.notLowest++;
    this.#countParameters(site, origin.function.parameters);
  }

  #countParameters(site: OpenSite, types: readonly (ParameterType | undefined)[]): void {
    const { count } = this;
    let located = 0;
    for (let place = 0; place < site.count; place++) {
      const slot = site.slots[place];
      if (slot > 0) {
        located++;
        count.located[this.#parameters.kinds[slot - 1]]++;
      } else count.unavailable[reasonOf(slot, types[place])]++;
    }
    if (site.count === 0) count.noParameters++;
    else if (located === site.count) count.complete++;
    else count[located > 0 ? 'partial' : 'without']++;
  }
}

function reasonOf(slot: number, type: ParameterType | undefined): Unavailable {
  if (type === undefined) return 'vararg';
  return slot === 0 ? 'unmentioned' : UNAVAILABLE[~slot];
}
