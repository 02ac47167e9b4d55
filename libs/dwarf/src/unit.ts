import { FormatError, type Endian } from '@btf-depot/bytes';
import type { AbbreviationTable } from './abbreviations.ts';
import type { Budget } from './budget.ts';
import type { DwarfLimits } from './limits.ts';
import type { UnitHeader } from './unit-headers.ts';

/**
 * A unit whose bytes are in memory. Offsets in a unit count from its header, as the references
 * inside it do; `start` plus such an offset is an entry's number in the whole file.
 */
export interface Unit {
  readonly header: UnitHeader;
  /** Its place among all units. */
  readonly index: number;
  /** Number of its first byte: sections with units are numbered one after the other. */
  readonly start: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly endian: Endian;
  readonly table: AbbreviationTable;
  readonly limits: DwarfLimits;
  /** Bytes that are passed over in search of children, of all units together. */
  readonly passed: Budget;
  /** DW_AT_language of the unit's own entry; 0 if it has none. */
  readonly language: number;
  /** Where the unit's part of .debug_str_offsets starts; -1 where it says nothing. */
  readonly strOffsetsBase: number;
  /** Where the unit's part of .debug_addr starts; -1 where it says nothing. */
  readonly addressBase: number;
  /** Where the offsets of the unit's numbered lists start, in .debug_rnglists and .debug_loclists. */
  readonly rangesBase: number;
  readonly locationsBase: number;
  /** What ranges and locations are relative to where they do not say it: DW_AT_low_pc. */
  readonly lowPc: number;
}

/** A fault at an offset in a unit. */
export function unitFault(unit: Unit, at: number, message: string, code = 'dwarf-entry') {
  const { section, offset } = unit.header;
  const place = `in the unit at 0x${offset.toString(16)}: ${message}`;
  return new FormatError(code, place, { section, offset: offset + at });
}
