import { At } from '../constants.ts';
import type { Dwarf } from '../dwarf.ts';
import type { Entry } from '../entries/entry.ts';
import { ListReader } from './list-reader.ts';
import type { Unit } from '../unit.ts';

/** The address ranges of entries, as numbers of the AddressSpace. */
export class Ranges {
  readonly #reader: ListReader;

  constructor(dwarf: Dwarf) {
    this.#reader = new ListReader(dwarf, 'ranges');
  }

  /**
   * Writes begin and end (exclusive) of each range of an entry to the start of `into`, even of
   * empty ranges: from DW_AT_ranges, else from DW_AT_low_pc and DW_AT_high_pc. Returns how many
   * numbers it wrote; the rest of `into` is unchanged. Throws as ListReader does.
   */
  read(unit: Unit, entry: Entry, into: number[]): number {
    const reader = this.#reader;
    const offset = entry.sectionOffset(At.RANGES);
    const index = offset === undefined ? entry.listIndex(At.RANGES) : undefined;
    if (offset !== undefined || index !== undefined) {
      if (offset !== undefined) reader.start(unit, offset);
      else if (index !== undefined) reader.startAt(unit, index);
      let count = 0;
      while (reader.next()) {
        into[count++] = reader.begin;
        into[count++] = reader.end;
      }
      return count;
    }
    const low = entry.address(At.LOW_PC);
    if (low === undefined) return 0;
    // A length since DWARF 4, before that an address.
    const length = entry.unsigned(At.HIGH_PC);
    into[0] = low;
    into[1] = length === undefined ? (entry.address(At.HIGH_PC) ?? low + 1) : low + length;
    return 2;
  }
}
