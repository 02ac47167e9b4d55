import type { Place } from '../variables.ts';

/** Memory that is taken, to ask whether something else lies in it too. */
export class TakenPlaces {
  /** By section: starts and ends, ascending. */
  readonly #sections = new Map<string, { starts: Float64Array; ends: Float64Array }>();

  constructor(places: readonly Place[]) {
    const bySection = Map.groupBy(places, ({ section }) => section);
    for (const [section, own] of bySection) {
      own.sort((a, b) => a.offset - b.offset);
      const ends = new Float64Array(own.length);
      let end = 0;
      // The furthest end so far: what reaches over others is found too.
      own.forEach(({ offset, size }, i) => (ends[i] = end = Math.max(end, offset + size)));
      this.#sections.set(section, { starts: Float64Array.from(own, (one) => one.offset), ends });
    }
  }

  overlap({ section, offset, size }: Place): boolean {
    const taken = this.#sections.get(section);
    if (taken === undefined) return false;
    const { starts, ends } = taken;
    let low = 0;
    let high = starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (starts[middle] < offset + size) low = middle + 1;
      else high = middle;
    }
    return low > 0 && ends[low - 1] > offset;
  }
}
