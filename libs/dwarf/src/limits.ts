import { FormatError, type Where } from '@btf-depot/bytes';

/** What a reader refuses to be led beyond. */
export interface DwarfLimits {
  /** Units of all sections together. */
  readonly units: number;
  /** Bytes of one unit. */
  readonly unitBytes: number;
  /** Abbreviations of one table. */
  readonly abbreviations: number;
  /** Attributes of one abbreviation: each entry costs as many steps, however few bytes it has. */
  readonly attributesEach: number;
  /** Attributes of all abbreviations of one table. */
  readonly attributes: number;
  /** Abbreviations and attributes that are read in all, for each byte of .debug_abbrev. */
  readonly tableReads: number;
  /** How many times all units may be passed over, on average, in search of children of entries. */
  readonly passes: number;
  /** Bytes of one string. */
  readonly stringBytes: number;
  /** Bytes that all sections together take in memory, undone compression included. */
  readonly memory: number;
  /** Entries of lists of ranges, and of lists of locations, that are read in all. */
  readonly listEntries: number;
  /** Levels of entries below a unit's own. */
  readonly nesting: number;
  /** Instructions of call-frame information that are run in all. */
  readonly frameSteps: number;
}

/**
 * A distribution kernel has 2,500 units of 90 kB with 250 abbreviations each; one that was
 * optimised at link time may be one unit. Of Debian's 7.2, an abbreviation has up to 12
 * attributes, 0.41 table reads are made, and 1.04 passes, of these 0.04 in search of types.
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
