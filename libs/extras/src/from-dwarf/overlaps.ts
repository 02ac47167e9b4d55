import type { Place } from '../variables/variables.ts';

/** Occupied memory; tells whether a range overlaps it. */
export class TakenPlaces {
  /** By section, ascending; `reach` is the furthest end so far. */
  readonly #sections = new Map<string, { starts: number[]; reach: number[] }>();
  readonly #added: Place[] = [];

  constructor(places: readonly Place[]) {
    for (const [section, own] of Map.groupBy(places, (place) => place.section)) {
      own.sort((a, b) => a.offset - b.offset);
      let end = 0;
      const reach = own.map(({ offset, size }) => (end = Math.max(end, offset + size)));
      this.#sections.set(section, { starts: own.map(({ offset }) => offset), reach });
    }
  }

  /** Adds one more range; for a few late ones. */
  add(place: Place): void {
    this.#added.push(place);
  }

  overlap(place: Place): boolean {
    const { section, offset, size } = place;
    const { starts = [], reach = [] } = this.#sections.get(section) ?? {};
    let low = 0;
    let high = starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (starts[middle] < offset + size) low = middle + 1;
      else high = middle;
    }
    return (low > 0 && reach[low - 1] > offset) || this.#added.some((one) => meet(one, place));
  }
}

function meet(a: Place, b: Place): boolean {
  return a.section === b.section && a.offset < b.offset + b.size && b.offset < a.offset + a.size;
}
