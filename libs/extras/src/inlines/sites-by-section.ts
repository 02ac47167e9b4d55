import { SITE, type InlineCollector } from './collect.ts';
import type { NumberRows } from './number-rows.ts';

/**
 * The sites of each section by offset; at one offset in the order of DWARF, the outer call first.
 */
export function sitesBySection({ sites, sections }: InlineCollector): Uint32Array[] {
  const { count } = sites;
  const sizes = new Uint32Array(sections.all.length);
  for (let site = 0; site < count; site++) sizes[sites.at(site, SITE.section)]++;
  const inside = Array.from(sizes, (size) => new Uint32Array(size));
  sizes.fill(0);
  for (let site = 0; site < count; site++) {
    const section = sites.at(site, SITE.section);
    inside[section][sizes[section]++] = site;
  }
  return inside.map((numbers) => byOffset(sites, numbers));
}

/** Bits of an offset that one pass of the sort uses. */
const DIGIT = 11;
const DIGITS = 1 << DIGIT;

/**
 * A stable radix sort of sites by offset, low digits first. Loops count indexes, since the code
 * runs once, and iterators are slow until optimised.
 */
function byOffset(sites: NumberRows, numbers: Uint32Array<ArrayBuffer>): Uint32Array {
  const { length } = numbers;
  let from = { numbers, offsets: new Uint32Array(length) };
  let to = { numbers: new Uint32Array(length), offsets: new Uint32Array(length) };
  let all = 0;
  for (let i = 0; i < length; i++) {
    from.offsets[i] = sites.at(numbers[i], SITE.offset);
    all |= from.offsets[i];
  }
  for (let shift = 0; shift < 32 && all >>> shift !== 0; shift += DIGIT) {
    move(from, to, startsOf(from, shift), shift);
    [from, to] = [to, from];
  }
  return from.numbers;
}

interface Keyed {
  readonly numbers: Uint32Array;
  readonly offsets: Uint32Array;
}

/** Start of each digit's sites, for the digit at `shift`. */
function startsOf({ offsets }: Keyed, shift: number): Uint32Array {
  const starts = new Uint32Array(DIGITS + 1);
  const { length } = offsets;
  for (let i = 0; i < length; i++) starts[((offsets[i] >>> shift) & (DIGITS - 1)) + 1]++;
  for (let digit = 0; digit < DIGITS; digit++) starts[digit + 1] += starts[digit];
  return starts;
}

/** Sorts by the digit at `shift`; the input is sorted by the lower bits. */
function move({ numbers, offsets }: Keyed, to: Keyed, starts: Uint32Array, shift: number): void {
  for (let i = 0; i < offsets.length; i++) {
    const at = starts[(offsets[i] >>> shift) & (DIGITS - 1)]++;
    to.numbers[at] = numbers[i];
    to.offsets[at] = offsets[i];
  }
}
