import { FormatError, type Endian } from '@btf-depot/bytes';
import type { AbbreviationTable } from './entries/abbreviations.ts';
import type { Budget } from './budget.ts';
import type { DwarfLimits } from './limits.ts';
import type { UnitHeader } from './unit-headers.ts';

/**
 * A unit whose bytes are in memory. Offsets count from its header, as the references inside it do.
 * `start` plus an offset is an entry's number in the whole file.
 */
export interface Unit {
  readonly header: UnitHeader;
  /** Its index among all units. */
  readonly index: number;
  /** Number of its first byte: the sections' bytes are numbered consecutively. */
  readonly start: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly endian: Endian;
  readonly table: AbbreviationTable;
  readonly limits: DwarfLimits;
  /** Bytes that were scanned for children, in all units together. */
  readonly passed: Budget;
  /** DW_AT_language of the unit's own entry; 0 if it has none. */
  readonly language: number;
  /** Start of the unit's part of .debug_str_offsets; -1 if not given. */
  readonly strOffsetsBase: number;
  /** Start of the unit's part of .debug_addr; -1 if not given. */
  readonly addressBase: number;
  /** Start of the offsets of the unit's indexed lists, in .debug_rnglists and .debug_loclists. */
  readonly rangesBase: number;
  readonly locationsBase: number;
  /** The default base of ranges and locations: DW_AT_low_pc. */
  readonly lowPc: number;
}

/** A fault at an offset in a unit. */
export function unitFault(unit: Unit, at: number, message: string, code = 'dwarf-entry') {
  const { section, offset } = unit.header;
  const place = `in the unit at 0x${offset.toString(16)}: ${message}`;
  return new FormatError(code, place, { section, offset: offset + at });
}
