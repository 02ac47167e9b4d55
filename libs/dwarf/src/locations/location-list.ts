import type { Dwarf } from '../dwarf.ts';
import type { Entry } from '../entries/entry.ts';
import { At } from '../constants.ts';
import { Leb128 } from '../leb128.ts';
import { ListReader } from './list-reader.ts';
import type { Unit } from '../unit.ts';

/** Views of one address count from 0; a view past the last is the next address. */
const leb = new Leb128();

/**
 * Finds the expression that describes a location at one place of the code. A place is an address
 * and a view: gcc numbers the statements that begin at one address, and says for which of them each
 * entry holds (DW_AT_GNU_locviews: gcc's dwarf2out.cc, "location views").
 */
export class LocationLists {
  /** The expression that `find` found. */
  bytes: Uint8Array = new Uint8Array();
  from = 0;
  to = 0;
  readonly #reader: ListReader;

  constructor(dwarf: Dwarf) {
    this.#reader = new ListReader(dwarf, 'locations');
  }

  /**
   * Sets `bytes` to the expression of an attribute at `address` and `view`. Returns `list` if the
   * attribute is a list without an entry there, `none` if it is no location. Throws as ListReader
   * does.
   */
  find(
    unit: Unit,
    entry: Entry,
    attribute: number,
    { address, view }: { readonly address: number; readonly view: number },
  ): 'found' | 'list' | 'none' {
    if (entry.bytes(attribute)) {
      this.bytes = unit.bytes;
      this.from = entry.bytesAt;
      this.to = entry.bytesEnd;
      return 'found';
    }
    if (!this.#start(unit, entry, attribute)) return 'none';
    return this.#search(address, view, entry.sectionOffset(At.GNU_LOCVIEWS) ?? -1);
  }

  /** Calls `visit` for each expression of an attribute, in order, until it returns false. */
  each(unit: Unit, entry: Entry, attribute: number, visit: () => boolean): void {
    const reader = this.#reader;
    if (entry.bytes(attribute)) {
      this.bytes = unit.bytes;
      this.from = entry.bytesAt;
      this.to = entry.bytesEnd;
      visit();
      return;
    }
    if (!this.#start(unit, entry, attribute)) return;
    while (reader.next()) {
      this.#take(reader);
      if (!visit()) return;
    }
  }

  /** Moves the reader to the attribute's list; returns false if it has none. */
  #start(unit: Unit, entry: Entry, attribute: number): boolean {
    const offset = entry.sectionOffset(attribute);
    if (offset !== undefined) {
      this.#reader.start(unit, offset);
      return true;
    }
    const index = entry.listIndex(attribute);
    if (index !== undefined) this.#reader.startAt(unit, index);
    return index !== undefined;
  }

  /** `views`: offset of the view pairs of the list, -1 if none. */
  #search(address: number, view: number, views: number): 'found' | 'list' {
    const reader = this.#reader;
    let found = false;
    while (reader.next()) {
      if (reader.isDefault) {
        if (!found) this.#take(reader);
        found = true;
        continue;
      }
      let { beginView, endView } = reader;
      if (views >= 0) {
        beginView = leb.unsigned(reader.bytes, views);
        endView = leb.unsigned(reader.bytes, leb.next);
        views = leb.next;
      }
      const { begin, end } = reader;
      const isAfter = begin < address || (begin === address && Math.max(beginView, 0) <= view);
      const isBefore = address < end || (address === end && view < endView);
      if (!isAfter || !isBefore) continue;
      this.#take(reader);
      return 'found';
    }
    return found ? 'found' : 'list';
  }

  #take({ bytes, expressionAt, expressionEnd }: ListReader): void {
    this.bytes = bytes;
    this.from = expressionAt;
    this.to = expressionEnd;
  }
}
