import { UNSAID } from '@btf-depot/dwarf';

/** A site's start, relative to the ranges that DWARF gives it. */
export const SITE_CLASSES = [
  /** In one of its ranges. */
  'inside',
  /** All its ranges are empty: its code became part of other statements. */
  'empty',
  /** Outside its ranges, in the same function: the code of the call is elsewhere. */
  'outside',
  /** DWARF gives no entry (DW_AT_entry_pc): the start of the first range. */
  'unnamed',
] as const;

export type SiteClass = (typeof SITE_CLASSES)[number];

/** Why an inlined call is left out. The first matching rule counts. */
export const SITE_RULES = [
  /** In a unit of an excluded language: Rust. */
  'language',
  /** It has no address. */
  'address',
  /** Its address is outside the function that contains it: after its end, or discarded. */
  'stray',
  /** Its function has no name that BTF allows. */
  'name',
  /** Same function, address and locations as another. */
  'repeated',
] as const;

export type SiteRule = (typeof SITE_RULES)[number];

/** Why a parameter's location is not available. */
export const UNAVAILABLE = [
  ...UNSAID,
  /** DWARF does not mention the parameter at the site. */
  'unmentioned',
  /** It is mentioned without a location. */
  'unplaced',
  /** Its list has no entry for the site's place. */
  'elsewhere',
  /** It is the `...` of a variadic function. */
  'vararg',
] as const;

export type Unavailable = (typeof UNAVAILABLE)[number];

/** Kinds of locations, by what a reader must do. */
export const LOCATION_KINDS = [
  'constant',
  'address',
  'register',
  'sum',
  'memory',
  'frame',
] as const;

export type LocationKind = (typeof LOCATION_KINDS)[number];

/** Counts of DWARF's inlined calls, taken and left out. */
export interface InlineCoverage {
  /** Entries of inlined calls (DW_TAG_inlined_subroutine) in all units. */
  readonly seen: number;
  readonly leftOut: Readonly<Record<SiteRule, number>>;
  readonly sites: number;
  /** Of the sites. */
  readonly classes: Readonly<Record<SiteClass, number>>;
  /** Sites that do not begin at the lowest address of their ranges. */
  readonly notLowest: number;
  /**
   * Sites by the number of their parameters with a location; functions without parameters count
   * apart.
   */
  readonly complete: number;
  readonly partial: number;
  readonly without: number;
  readonly noParameters: number;
  /** Parameters of all sites with a location, by its kind. */
  readonly located: Readonly<Record<LocationKind, number>>;
  /** Parameters without one, by the reason. */
  readonly unavailable: Readonly<Record<Unavailable, number>>;
  /** Functions of the sites, in core and not in core. */
  readonly functionsInCore: number;
  readonly functionsAdded: number;
}

/** Zero for each name. */
export function zeros<Name extends string>(names: readonly Name[]): Record<Name, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
}
