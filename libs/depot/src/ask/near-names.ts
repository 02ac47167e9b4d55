const MOST = 5;

/** Classes of characters: letters, digits, `_`, `$` and `.` have one each, nearly. */
const CLASSES = 64;

/** Most pairs of characters in the index: 16 MB. A kernel of 31,798 names has 590,000. */
const MAX_PAIRS = 4 * 1024 * 1024;

/** Names longer than this are not suggested. */
const MAX_LENGTH = 128;

/**
 * Steps of one look-up: examined names, and cells of the table of distances. They keep a look-up
 * below a few milliseconds for any names; real kernels need a tenth.
 */
const MAX_STEPS = 200_000;

/**
 * Finds similar names by pairs of neighbouring characters. An edit changes two pairs at most, so of
 * 2k + 1 pairs at least one survives k edits; the rarest are looked up. Names are numbered by
 * length, so names of unsuitable length are not visited.
 *
 * For a kernel of 31,798 names: built in 15 ms, 3 MB; a look-up takes some tens of microseconds.
 */
export class NearNames {
  /** By length, then in their own order. */
  readonly #names: readonly string[];
  readonly #letters: Uint32Array;
  /** For each length, the number of the first name of at least this length. */
  readonly #byLength: Uint32Array;
  /** For each pair the start of its list; one more at the end. */
  readonly #starts: Uint32Array;
  /** Numbers of the names with a pair, ascending. */
  readonly #lists: Uint32Array;

  constructor(names: readonly string[]) {
    const kept = names.filter((name) => name.length > 0 && name.length <= MAX_LENGTH);
    kept.sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
    this.#names = fitting(kept);
    this.#letters = Uint32Array.from(this.#names, lettersOf);
    this.#byLength = new Uint32Array(MAX_LENGTH + 2).fill(this.#names.length);
    for (let number = this.#names.length - 1; number >= 0; number--) {
      this.#byLength[this.#names[number].length] = number;
    }
    for (let length = MAX_LENGTH; length >= 0; length--) {
      this.#byLength[length] = Math.min(this.#byLength[length], this.#byLength[length + 1]);
    }
    const { pairs, numbers } = pairsIn(this.#names);
    this.#starts = new Uint32Array(CLASSES * CLASSES + 1);
    for (const pair of pairs) this.#starts[pair + 1]++;
    for (let pair = 0; pair < CLASSES * CLASSES; pair++) {
      this.#starts[pair + 1] += this.#starts[pair];
    }
    const next = this.#starts.slice();
    this.#lists = new Uint32Array(pairs.length);
    pairs.forEach((pair, at) => (this.#lists[next[pair]++] = numbers[at]));
  }

  /** Bytes beside the names themselves. */
  get memory(): number {
    return this.#lists.byteLength + this.#starts.byteLength + this.#names.length * 12;
  }

  /**
   * Names similar to `wanted`, the nearest first, at most five: few edits away (one for every four
   * characters), then the shortest that contain `wanted`.
   */
  find(wanted: string): string[] {
    if (wanted === '' || wanted.length > MAX_LENGTH) return [];
    const steps = { left: MAX_STEPS };
    const edits = Math.min(3, Math.max(1, Math.floor(wanted.length / 4)));
    const letters = lettersOf(wanted);
    const near: { name: string; distance: number }[] = [];
    for (const number of this.#candidates(wanted, edits, steps)) {
      const own = this.#letters[number];
      // Each letter that only one of the two has takes an edit.
      if (bitsOf(own & ~letters) > edits || bitsOf(letters & ~own) > edits) continue;
      const name = this.#names[number];
      const distance = editDistance(name, wanted, edits, steps);
      if (distance <= edits) near.push({ name, distance });
    }
    near.sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1));
    const found = near.slice(0, MOST).map(({ name }) => name);
    if (wanted.length < 3) return found;
    const all = new Set(near.map(({ name }) => name));
    for (const number of this.#holders(wanted)) {
      if (found.length >= MOST || steps.left-- <= 0) break;
      const name = this.#names[number];
      if (name.includes(wanted) && !all.has(name)) found.push(name);
    }
    return found;
  }

  /** Numbers of the names that may be this many edits away, each once. */
  #candidates(wanted: string, edits: number, steps: { left: number }): Iterable<number> {
    const from = this.#byLength[Math.max(wanted.length - edits, 0)];
    const to = this.#byLength[Math.min(wanted.length + edits, MAX_LENGTH) + 1];
    const all = pairsOf(wanted).sort((a, b) => this.#size(a) - this.#size(b));
    const found = new Set<number>();
    if (all.length <= 2 * edits) {
      // Up to three characters: all names of such a length are examined, and they are few.
      for (let number = from; number < to && steps.left-- > 0; number++) found.add(number);
      return found;
    }
    // A pair that `wanted` has twice is two of them.
    for (const pair of new Set(all.slice(0, 2 * edits + 1))) {
      const end = this.#starts[pair + 1];
      for (let at = this.#lowest(pair, from); at < end && this.#lists[at] < to; at++) {
        if (steps.left-- <= 0) return found;
        found.add(this.#lists[at]);
      }
    }
    return found;
  }

  /** Numbers of the names with the rarest pair of `wanted`, the shortest names first. */
  #holders(wanted: string): Uint32Array {
    const [rarest] = pairsOf(wanted).sort((a, b) => this.#size(a) - this.#size(b));
    const from = this.#lowest(rarest, this.#byLength[wanted.length]);
    return this.#lists.subarray(from, this.#starts[rarest + 1]);
  }

  #size(pair: number): number {
    return this.#starts[pair + 1] - this.#starts[pair];
  }

  /** The position in a pair's list where the number is reached. */
  #lowest(pair: number, number: number): number {
    let low = this.#starts[pair];
    let high = this.#starts[pair + 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#lists[middle] < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** As many as fit; the longest are left out. */
function fitting(names: readonly string[]): readonly string[] {
  let pairs = 0;
  for (let number = 0; number < names.length; number++) {
    pairs += names[number].length - 1;
    if (pairs > MAX_PAIRS) return names.slice(0, number);
  }
  return names;
}

/** The pairs of all names, each once per name, and the numbers of their names. */
function pairsIn(names: readonly string[]): { pairs: Uint16Array; numbers: Uint32Array } {
  const most = names.reduce((sum, { length }) => sum + length - 1, 0);
  const pairs = new Uint16Array(most);
  const numbers = new Uint32Array(most);
  const last = new Int32Array(CLASSES * CLASSES).fill(-1);
  let count = 0;
  names.forEach((name, number) => {
    for (let at = 1; at < name.length; at++) {
      const pair = pairAt(name, at);
      if (last[pair] === number) continue;
      last[pair] = number;
      pairs[count] = pair;
      numbers[count++] = number;
    }
  });
  return { pairs: pairs.subarray(0, count), numbers: numbers.subarray(0, count) };
}

function pairsOf(text: string): number[] {
  return Array.from({ length: text.length - 1 }, (_, at) => pairAt(text, at + 1));
}

/** Characters of the same class count as the same, so a pair may stand for several. */
function pairAt(text: string, at: number): number {
  return (text.charCodeAt(at - 1) % CLASSES) * CLASSES + (text.charCodeAt(at) % CLASSES);
}

/** A bit for each letter in a name, without case, and for other characters. */
function lettersOf(name: string): number {
  let letters = 0;
  for (let at = 0; at < name.length; at++) letters |= 1 << (name.charCodeAt(at) & 31);
  return letters;
}

function bitsOf(word: number): number {
  let bits = 0;
  for (; word !== 0; word &= word - 1) bits++;
  return bits;
}

/** Rows of the table of distances, for one call after the other. */
const ROWS: readonly [Uint8Array, Uint8Array] = [
  new Uint8Array(MAX_LENGTH + 1),
  new Uint8Array(MAX_LENGTH + 1),
];

/**
 * Levenshtein's distance, or `limit + 1` if it is more. Only the band around the diagonal is
 * computed.
 */
function editDistance(a: string, b: string, limit: number, steps: { left: number }): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let [row, next] = ROWS;
  for (let j = 0; j <= b.length; j++) row[j] = Math.min(j, limit + 1);
  for (let i = 1; i <= a.length; i++) {
    const from = Math.max(1, i - limit);
    const to = Math.min(b.length, i + limit);
    steps.left -= to - from + 1;
    if (steps.left <= 0) return limit + 1;
    next[from - 1] = from === 1 ? Math.min(i, limit + 1) : limit + 1;
    let least = next[from - 1];
    const code = a.charCodeAt(i - 1);
    for (let j = from; j <= to; j++) {
      const same = row[j - 1] + (code === b.charCodeAt(j - 1) ? 0 : 1);
      const distance = Math.min(same, row[j] + 1, next[j - 1] + 1, limit + 1);
      next[j] = distance;
      if (distance < least) least = distance;
    }
    if (to < b.length) next[to + 1] = limit + 1;
    if (least > limit) return limit + 1;
    [row, next] = [next, row];
  }
  return row[b.length];
}
