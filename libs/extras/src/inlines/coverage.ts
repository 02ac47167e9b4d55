import { UNSAID } from '@btf-depot/dwarf';

/** Where a site begins, relative to the ranges that DWARF gives it. */
export const SITE_CLASSES = [
  /** In one of its ranges. */
  'inside',
  /** All its ranges are empty: its code became part of other statements. */
  'empty',
  /** Outside its ranges, in the same function: where the call would be, its code is elsewhere. */
  'outside',
  /** DWARF names no entry (DW_AT_entry_pc): where the first range begins. */
  'unnamed',
] as const;

export type SiteClass = (typeof SITE_CLASSES)[number];

/** Why an inlined call is not among the sites; each counts for those that no earlier rule left out. */
export const SITE_RULES = [
  /** In a unit of a language that is left out: Rust. */
  'language',
  /** It has no address. */
  'address',
  /** Its address is outside the function that it stands in: behind its end, or dropped. */
  'stray',
  /** Its function has no name that BTF can have. */
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
  /** It is the `...` of a function that takes more. */
  'vararg',
] as const;

export type Unavailable = (typeof UNAVAILABLE)[number];

/** Kinds of locations, by what a reader has to do. */
export const LOCATION_KINDS = [
  'constant',
  'address',
  'register',
  'sum',
  'memory',
  'frame',
] as const;

export type LocationKind = (typeof LOCATION_KINDS)[number];

/** What became of the inlined calls that DWARF has. */
export interface InlineCoverage {
  /** Entries of inlined calls (DW_TAG_inlined_subroutine) in all units. */
  readonly seen: number;
  readonly leftOut: Readonly<Record<SiteRule, number>>;
  readonly sites: number;
  /** Of the sites. */
  readonly classes: Readonly<Record<SiteClass, number>>;
  /** Sites that do not begin at the lowest address of their ranges. */
  readonly notLowest: number;
  /** Sites by how many of their parameters have a location; those of functions that take none apart. */
  readonly complete: number;
  readonly partial: number;
  readonly without: number;
  readonly noParameters: number;
  /** Parameters of all sites that have a location, by its kind. */
  readonly located: Readonly<Record<LocationKind, number>>;
  /** And those that have none, by the reason. */
  readonly unavailable: Readonly<Record<Unavailable, number>>;
  /** Functions of the sites that core has, and those that it lacks. */
  readonly functionsInCore: number;
  readonly functionsAdded: number;
}

/** Zero for each of the names. */
export function zeros<Name extends string>(names: readonly Name[]): Record<Name, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
}
