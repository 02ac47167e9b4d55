import { At } from './constants.ts';
import type { Dwarf } from './dwarf.ts';
import type { Entry } from './entry.ts';
import { ListReader } from './list-reader.ts';
import type { Unit } from './unit.ts';

/** The address ranges of entries, as numbers of the AddressSpace. */
export class Ranges {
  readonly #reader: ListReader;

  constructor(dwarf: Dwarf) {
    this.#reader = new ListReader(dwarf, 'ranges');
  }

  /**
   * Leaves begin and end, exclusive, of each range that an entry says at the start of `into`, of
   * empty ones too: of DW_AT_ranges, or else of DW_AT_low_pc and DW_AT_high_pc. How many numbers
   * these are; what stands behind them is left there. Throws what ListReader does.
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
    // Its length, since DWARF 4; an address before that.
    const length = entry.unsigned(At.HIGH_PC);
    into[0] = low;
    into[1] = length === undefined ? (entry.address(At.HIGH_PC) ?? low + 1) : low + length;
    return 2;
  }
}
