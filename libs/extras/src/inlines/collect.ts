import { FormatError } from '@btf-depot/bytes';
import {
  At,
  constant,
  Expressions,
  Language,
  LocationLists,
  type Dwarf,
  type Entry,
  type ExpressionContext,
  type Unit,
  type Value,
} from '@btf-depot/dwarf';
import type { Elf } from '@btf-depot/elf';
import type { TypeResolver } from '../from-dwarf/resolve-types.ts';
import type { TypeTable } from '../from-dwarf/type-table.ts';
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
import { FrameBase } from './frame-base.ts';
import { InlinedFunctions, type Origin } from './functions.ts';
import { kindOfLocation, locationWords, type ParameterType } from './location-words.ts';
import { Rows } from './rows.ts';
import { SiteFinder, type FoundSite, type SiteVisitor } from './site-finder.ts';
import { WordPool } from './word-pool.ts';

/** Columns of a site. */
export const SITE = { section: 0, offset: 1, function: 2, locations: 3 } as const;

/** A site of the unit at hand, until its parameters have been seen. */
interface OpenSite {
  readonly section: number;
  readonly offset: number;
  readonly place: SiteClass;
  readonly isLowest: boolean;
  readonly origin: Origin;
  readonly address: number;
  readonly view: number;
  /** By parameter: number of its LOC_PARAM plus 1, 0 for unmentioned, else why not: ~index. */
  readonly slots: number[];
}

/** Collects the inlined calls of units: what a LOCSEC says of each, with all that is shared. */
export class InlineCollector implements SiteVisitor {
  readonly functions: InlinedFunctions;
  readonly sections: CodeSections;
  /** Words of LOC_PARAMs: see location-words.ts. */
  readonly parameters = new WordPool();
  /** Of LOC_PROTOs: numbers of LOC_PARAMs plus 1, 0 where there is none. */
  readonly locations = new WordPool();
  /** SITE columns of each, in the order of DWARF. */
  readonly sites = new Rows(4);
  readonly count = {
    seen: 0,
    leftOut: zeros(SITE_RULES),
    classes: zeros(SITE_CLASSES),
    notLowest: 0,
    ...{ complete: 0, partial: 0, without: 0, noParameters: 0 },
    located: zeros(LOCATION_KINDS),
    unavailable: zeros(UNAVAILABLE),
  };
  readonly #finder: SiteFinder;
  readonly #lists: LocationLists;
  readonly #expressions: Expressions;
  readonly #frame: FrameBase;
  readonly #addressSize: number;
  readonly #most: number;
  /** What is known of the unit's sites: the same address is in no other unit. */
  readonly #seen = new WordPool();
  /** Those of the unit at hand; undefined for what is left out. */
  readonly #open: (OpenSite | undefined)[] = [];
  /** What the finder calls the first of these. */
  #first = 0;
  #context: ExpressionContext | undefined;

  /** `most`: sites that may be found. */
  constructor(elf: Elf, dwarf: Dwarf, table: TypeTable, resolver: TypeResolver, most: number) {
    this.functions = new InlinedFunctions(dwarf, table, resolver, elf.class / 8);
    this.sections = new CodeSections(elf, dwarf.tables.space);
    this.#finder = new SiteFinder(dwarf);
    this.#lists = new LocationLists(dwarf);
    this.#expressions = new Expressions(dwarf.tables);
    this.#frame = new FrameBase(dwarf);
    this.#addressSize = elf.class / 8;
    this.#most = most;
  }

  unit(unit: Unit): void {
    if (unit.language === Language.RUST) {
      const count = this.#finder.count(unit);
      this.count.seen += count;
      this.count.leftOut.language += count;
      return;
    }
    this.#context = {
      unit,
      frameBase: () => this.#frame.at(unit),
      callFrame: () => this.#frame.callFrame(),
    };
    this.#finder.each(unit, this);
    for (const site of this.#open) if (site) this.#close(site);
    this.#first += this.#open.length;
    this.#open.length = 0;
    this.#seen.clear();
  }

  function(subprogram: Entry): void {
    this.#frame.enter(subprogram);
  }

  site(unit: Unit, found: FoundSite): void {
    this.count.seen++;
    const site = this.#judge(unit, found);
    if (typeof site !== 'string') this.#open.push(site);
    else {
      this.count.leftOut[site]++;
      this.#open.push(undefined);
    }
  }

  parameter(unit: Unit, number: number, entry: Entry): void {
    const site = this.#open[number - this.#first];
    if (site === undefined) return;
    const { parameters, function: function_ } = site.origin;
    const place = parameters.indexOf(entry.reference(At.ABSTRACT_ORIGIN));
    const type = place < 0 ? undefined : function_.parameters[place];
    // gcc mentions some twice, at first without a location.
    if (type === undefined || site.slots[place] > 0) return;
    const words = this.#locate(unit, site, type, entry);
    site.slots[place] =
      typeof words === 'string' ? ~UNAVAILABLE.indexOf(words) : this.parameters.add(words) + 1;
  }

  #judge(unit: Unit, found: FoundSite): OpenSite | SiteRule {
    const { address, view, place, isLowest } = found;
    if (address === undefined) return 'address';
    const section = this.sections.at(address);
    if (!found.isInFunction || section < 0) return 'stray';
    const origin = found.origin === 0 ? undefined : this.functions.originOf(unit, found.origin);
    if (origin === undefined) return 'name';
    const slots = new Array<number>(origin.function.parameters.length).fill(0);
    const offset = this.sections.offset(section, address);
    return { section, offset, place, isLowest, origin, address, view, slots };
  }

  #locate(unit: Unit, site: OpenSite, type: ParameterType, entry: Entry): number[] | Unavailable {
    const value = this.#valueOf(unit, site, type, entry);
    if (typeof value === 'string') return value;
    const { endian } = unit;
    return locationWords(value, type, { endian, addressSize: this.#addressSize });
  }

  #valueOf(unit: Unit, site: OpenSite, { size }: ParameterType, entry: Entry): Value | Unavailable {
    if (entry.has(At.CONST_VALUE)) {
      const known = entry.integer(At.CONST_VALUE) ?? integerOf(entry.block(At.CONST_VALUE), unit);
      return known === undefined ? 'wide' : constant(known);
    }
    const found = this.#lists.find(unit, entry, At.LOCATION, site);
    if (found === 'none') return 'unplaced';
    if (found === 'list') return 'elsewhere';
    this.#frame.address = site.address;
    return this.#context ? this.#expressions.read(this.#lists, size, this.#context) : 'nothing';
  }

  #close({ section, offset, origin, place, isLowest, slots }: OpenSite): void {
    const { count } = this;
    const { index, parameters } = origin.function;
    const locations = this.locations.add(slots.map((slot) => (slot > 0 ? slot : 0)));
    const row = [section, offset, index, locations];
    const known = this.#seen.count;
    if (this.#seen.add(row) < known) {
      count.leftOut.repeated++;
      return;
    }
    this.sites.add(row);
    if (this.sites.count > this.#most) {
      const message = `more than ${this.#most} inlined calls`;
      throw new FormatError('dwarf-limit', message, { section: '.debug_info' });
    }
    count.classes[place]++;
    if (!isLowest) count.notLowest++;
    let located = 0;
    slots.forEach((slot, at) => {
      if (slot > 0) {
        located++;
        count.located[kindOfLocation(this.parameters.at(slot - 1))]++;
      } else count.unavailable[reasonOf(slot, parameters[at])]++;
    });
    if (slots.length === 0) count.noParameters++;
    else if (located === slots.length) count.complete++;
    else count[located > 0 ? 'partial' : 'without']++;
  }
}

function reasonOf(slot: number, type: ParameterType | undefined): Unavailable {
  if (type === undefined) return 'vararg';
  return slot === 0 ? 'unmentioned' : UNAVAILABLE[~slot];
}

/** A constant that is given as bytes, in the order of the file. */
function integerOf(bytes: Uint8Array | undefined, { endian }: Unit): bigint | undefined {
  if (bytes === undefined || bytes.length > 8) return undefined;
  const ordered = endian === 'little' ? bytes.toReversed() : bytes;
  return ordered.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
}
