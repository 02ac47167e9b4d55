import { FormatError, type Where } from '@btf-depot/bytes';

/** What a reader refuses to be led beyond. */
export interface DwarfLimits {
  /** Units of all sections together. */
  readonly units: number;
  /** Bytes of one unit. */
  readonly unitBytes: number;
  /** Abbreviations of one table. */
  readonly abbreviations: number;
  /** Attributes of all abbreviations of one table. */
  readonly attributes: number;
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
 * optimised at link time may be one unit.
 */
export const DWARF_LIMITS: DwarfLimits = {
  units: 1_000_000,
  unitBytes: 1024 * 1024 * 1024,
  abbreviations: 1_000_000,
  attributes: 16_000_000,
  memory: 1024 * 1024 * 1024,
  listEntries: 200_000_000,
  nesting: 10_000,
  frameSteps: 100_000_000,
};

/** Throws FormatError `dwarf-limit` where `value` is more than the limit. */
export function checkLimit(what: string, value: number, limit: number, where: Where): void {
  if (value <= limit) return;
  throw new FormatError('dwarf-limit', `${value} ${what}, the limit is ${limit}`, where);
}
