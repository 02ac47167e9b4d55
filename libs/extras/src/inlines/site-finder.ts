import { At, eachCodeEntry, Entry, Ranges, Tag, type Dwarf, type Unit } from '@btf-depot/dwarf';
import type { SiteClass } from './coverage.ts';

/** An inlined call, as its entry describes it. */
export interface FoundSite {
  /** Start of its code, as a number of the AddressSpace; undefined if not given. */
  address: number | undefined;
  /** gcc's number among the statements that begin at that address. */
  view: number;
  place: SiteClass;
  /** It begins at the lowest address of its ranges. */
  isLowest: boolean;
  /** It begins in a range of the function that contains it. */
  isInFunction: boolean;
  /** Number of the inlined function's entry. */
  origin: number;
}

export interface SiteVisitor {
  /** Called for a function, before the calls in it. */
  function(subprogram: Entry): void;
  /** The object is only valid during the call. */
  site(unit: Unit, site: FoundSite): void;
  /** A parameter of an earlier site, which is given as the number of visits before it. */
  parameter(unit: Unit, site: number, parameter: Entry): void;
}

/** Visits the inlined calls of units, each before those nested in it. */
export class SiteFinder {
  readonly #dwarf: Dwarf;
  readonly #entry: Entry;
  readonly #subprogram: Entry;
  readonly #ranges: Ranges;
  readonly #site: FoundSite = {
    address: 0,
    view: 0,
    place: 'inside',
    isLowest: true,
    isInFunction: true,
    origin: 0,
  };
  #visited = 0;
  /** Begin and end of each range of the current function in turn. */
  readonly #function: number[] = [];
  #functionCount = 0;
  /** The same for the current site. */
  readonly #own: number[] = [];
  /** Offset and number of each site that may contain the current entry. */
  readonly #open: number[] = [];
  #openCount = 0;

  constructor(dwarf: Dwarf) {
    this.#dwarf = dwarf;
    this.#entry = new Entry(dwarf.tables);
    this.#subprogram = new Entry(dwarf.tables);
    this.#ranges = new Ranges(dwarf);
  }

  /** Number of inlined calls in a unit. */
  count(unit: Unit): number {
    let count = 0;
    eachCodeEntry(unit, this.#dwarf.limits.nesting, (_offset, tag) => {
      if (tag === Tag.INLINED_SUBROUTINE) count++;
    });
    return count;
  }

  /** `variable`: called with the offset of each variable at the top level. */
  each(unit: Unit, visitor: SiteVisitor, variable?: (offset: number) => void): void {
    let function_ = -1;
    this.#openCount = 0;
    eachCodeEntry(unit, this.#dwarf.limits.nesting, (offset, tag, parent, subprogram) => {
      if (tag === Tag.INLINED_SUBROUTINE) {
        if (subprogram !== function_) {
          function_ = subprogram;
          this.#enter(unit, subprogram, visitor);
        }
        this.#read(unit, this.#entry.read(unit, offset));
        this.#leave(parent);
        this.#open[this.#openCount++] = offset;
        this.#open[this.#openCount++] = this.#visited++;
        visitor.site(unit, this.#site);
      } else if (tag === Tag.FORMAL_PARAMETER) {
        this.#leave(parent);
        const last = this.#openCount - 2;
        if (last < 0 || this.#open[last] !== parent) return;
        visitor.parameter(unit, this.#open[last + 1], this.#entry.read(unit, offset));
      } else if (tag === Tag.VARIABLE) variable?.(offset);
    });
  }

  /** Drops the sites that end before the entry whose parent is `parent`. */
  #leave(parent: number): void {
    while (this.#openCount > 0 && this.#open[this.#openCount - 2] > parent) this.#openCount -= 2;
  }

  #enter(unit: Unit, offset: number, visitor: SiteVisitor): void {
    this.#functionCount = 0;
    if (offset === 0) return;
    const subprogram = this.#subprogram.read(unit, offset);
    visitor.function(subprogram);
    this.#functionCount = this.#ranges.read(unit, subprogram, this.#function);
  }

  #read(unit: Unit, entry: Entry): void {
    const site = this.#site;
    const own = this.#own;
    const count = this.#ranges.read(unit, entry, own);
    const address = entryOf(entry, count > 0 ? own[0] : undefined);
    let lowest = Infinity;
    for (let i = 0; i < count; i += 2) {
      if (own[i] < own[i + 1]) lowest = Math.min(lowest, own[i]);
    }
    site.address = address;
    site.view = entry.unsigned(At.GNU_ENTRY_VIEW) ?? 0;
    if (!entry.has(At.ENTRY_PC)) site.place = 'unnamed';
    else if (lowest === Infinity) site.place = 'empty';
    else site.place = isIn(own, count, address) ? 'inside' : 'outside';
    site.isLowest = lowest === Infinity || address === lowest;
    site.isInFunction = isIn(this.#function, this.#functionCount, address);
    site.origin = entry.reference(At.ABSTRACT_ORIGIN);
  }
}

/** The start of a call's code (DWARF 5, 2.18): a constant counts from the entry's base address. */
function entryOf(entry: Entry, first: number | undefined): number | undefined {
  const named = entry.address(At.ENTRY_PC);
  if (named !== undefined) return named;
  const base = entry.address(At.LOW_PC) ?? first;
  return base === undefined ? undefined : base + (entry.unsigned(At.ENTRY_PC) ?? 0);
}

/** Whether one of the ranges, begin and end of each in turn, contains the address. */
function isIn(ranges: readonly number[], count: number, address = NaN): boolean {
  for (let i = 0; i < count; i += 2) {
    if (address >= ranges[i] && address < ranges[i + 1]) return true;
  }
  return false;
}
