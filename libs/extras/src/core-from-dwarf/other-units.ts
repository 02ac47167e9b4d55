import type { Dwarf } from '@btf-depot/dwarf';
import type { ShapeFinder } from './shape-finder.ts';

/** Bytes of units whose types are kept. */
const KEPT = 64 * 1024 * 1024;

/**
 * The types of units that other units refer to: units of link-time optimisation, dwz's partial
 * units, type units.
 */
export class OtherUnits {
  readonly #dwarf: Dwarf;
  readonly #make: () => ShapeFinder;
  readonly #kept = new Map<number, ShapeFinder>();
  #bytes = 0;

  constructor(dwarf: Dwarf, make: () => ShapeFinder) {
    this.#dwarf = dwarf;
    this.#make = make;
  }

  /** The finder of the unit that has the entry of that number. */
  finderOf(number: number): ShapeFinder {
    const unit = this.#dwarf.unitOf(number);
    const known = this.#kept.get(unit.index);
    if (known) return known;
    if (this.#bytes + unit.bytes.length > KEPT) {
      this.#kept.clear();
      this.#bytes = 0;
    }
    const finder = this.#make();
    finder.read(unit);
    this.#kept.set(unit.index, finder);
    this.#bytes += unit.bytes.length;
    return finder;
  }
}
