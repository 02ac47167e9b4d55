import { FormatError, type Where } from '@btf-depot/bytes';

/** Limits of the reader. */
export interface DwarfLimits {
  /** Units of all sections together. */
  readonly units: number;
  /** Bytes of one unit. */
  readonly unitBytes: number;
  /** Abbreviations of one table. */
  readonly abbreviations: number;
  /** Attributes of one abbreviation: each entry takes that many steps, even in few bytes. */
  readonly attributesEach: number;
  /** Attributes of all abbreviations of one table. */
  readonly attributes: number;
  /** Abbreviations and attributes read in total, for each byte of .debug_abbrev. */
  readonly tableReads: number;
  /** How often all units may be scanned for children of entries, on average. */
  readonly passes: number;
  /** Bytes of one string. */
  readonly stringBytes: number;
  /** Bytes of all sections in memory, after decompression. */
  readonly memory: number;
  /** Entries of lists of ranges and locations that are read in total. */
  readonly listEntries: number;
  /** Levels of entries below a unit's own. */
  readonly nesting: number;
  /** Call-frame instructions that are run in total. */
  readonly frameSteps: number;
}

/**
 * A distribution kernel has 2,500 units of 90 kB with 250 abbreviations each; with link-time
 * optimisation it may have one unit. In Debian's 7.2 an abbreviation has up to 12 attributes; all
 * tables are read 0.41 times and all units scanned 1.04 times, of which 0.04 in search of types.
 */
export const DWARF_LIMITS: DwarfLimits = {
  units: 1_000_000,
  unitBytes: 1024 * 1024 * 1024,
  abbreviations: 1_000_000,
  attributesEach: 128,
  attributes: 16_000_000,
  tableReads: 8,
  passes: 8,
  stringBytes: 64 * 1024,
  memory: 1024 * 1024 * 1024,
  listEntries: 200_000_000,
  nesting: 10_000,
  frameSteps: 100_000_000,
};

/** Throws FormatError `dwarf-limit` if `value` is more than the limit. */
export function checkLimit(what: string, value: number, limit: number, where: Where): void {
  if (value <= limit) return;
  throw new FormatError('dwarf-limit', `${value} ${what}, the limit is ${limit}`, where);
}
