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
   * Leaves begin and end, exclusive, of each range that an entry says in `into`, of empty ones
   * too: of DW_AT_ranges, or else of DW_AT_low_pc and DW_AT_high_pc. Throws what ListReader does.
   */
  read(unit: Unit, entry: Entry, into: number[]): void {
    into.length = 0;
    const reader = this.#reader;
    const offset = entry.sectionOffset(At.RANGES);
    const index = offset === undefined ? entry.listIndex(At.RANGES) : undefined;
    if (offset !== undefined || index !== undefined) {
      if (offset !== undefined) reader.start(unit, offset);
      else if (index !== undefined) reader.startAt(unit, index);
      while (reader.next()) into.push(reader.begin, reader.end);
      return;
    }
    const low = entry.address(At.LOW_PC);
    if (low === undefined) return;
    // Its length, since DWARF 4; an address before that.
    const length = entry.unsigned(At.HIGH_PC);
    into.push(low, length === undefined ? (entry.address(At.HIGH_PC) ?? low + 1) : low + length);
  }
}
