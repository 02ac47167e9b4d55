import { FormatError } from '@btf-depot/bytes';
import type { TokenTable } from './token-table.ts';

/** The place of an image's names. A name is its length, then numbers of tokens. */
export interface NameTable {
  readonly count: number;
  /** First byte of `num_syms`, and of the names. */
  readonly numSyms: number;
  readonly start: number;
  /** Alignment of labels: the size of a pointer, or 4 since Linux 7. */
  readonly alignment: 4 | 8;
  /** Whether a length may have two bytes (since Linux 6.1). */
  readonly isWide: boolean;
}

/** Limits of one table. */
export interface KallsymsLimits {
  /** A kernel has some 200,000. */
  readonly symbols: number;
  /** Bytes of all names; a kernel has some 5 MB. */
  readonly text: number;
}

export const KALLSYMS_LIMITS = {
  symbols: 2_000_000,
  text: 128 * 2 ** 20,
} as const satisfies KallsymsLimits;

/** Fewer symbols could be a table by chance; a kernel has thousands. */
const FEWEST = 16;

/** Names between two markers. */
const STRIDE = 256;
/** Two bytes of length and KSYM_NAME_LEN. */
const LONGEST_NAME = 2 + 512;
/** A length, and the one token. */
const SHORTEST_NAME = 2;

/**
 * Between markers and tokens, Linux 6.2 to 6.4 have the order of names, of three or four bytes
 * each. The search goes no further back.
 */
const REACH = KALLSYMS_LIMITS.symbols * 4;

/** Most places of markers and of names that are tried; a real image needs one or two of each. */
const TRIES = 64;

interface Markers {
  readonly at: number;
  readonly size: 4 | 8;
  /** How many successive numbers must look like offsets of names. */
  readonly most: number;
}

/**
 * Finds names by the offsets of every 256th of them (markers), which lie before the tokens. A walk
 * over the names from the first byte must meet each marker, and end where the markers begin. The
 * word before the names is their number (`num_syms`).
 */
export function findNames(image: DataView, table: TokenTable): NameTable | undefined {
  const walks = { left: TRIES };
  let tries = 0;
  for (const markers of markersBefore(image, table)) {
    if (++tries > TRIES || walks.left === 0) return undefined;
    // The data after the last marker may look like one more.
    for (let count = markers.most; count > 0 && count > markers.most - 3; count--) {
      const found = namesBefore(image, table, { ...markers, count }, walks);
      if (found) return found;
    }
  }
  return undefined;
}

/** Places where markers may begin: zero, then numbers that grow as names do. */
function* markersBefore(image: DataView, { start, endian }: TokenTable): Generator<Markers> {
  const little = endian === 'little';
  const lowest = Math.max(0, start - REACH);
  for (let at = (start - 4) & ~3; at >= lowest; at -= 4) {
    if (image.getUint32(at, little) !== 0) continue;
    for (const size of [4, 8] as const) {
      const most = markerCount(image, { at, size }, start, little);
      // A single marker counts only right before the tokens.
      if (most > 1 || (most === 1 && start - at < size + 8)) yield { at, size, most };
    }
  }
}

function markerCount(
  image: DataView,
  { at, size }: Omit<Markers, 'most'>,
  end: number,
  little: boolean,
): number {
  let count = 0;
  let last = 0;
  for (; at + (count + 1) * size <= end; count++) {
    const marker = markerAt(image, at + count * size, size, little);
    const step = marker - last;
    const mayFollow = step >= STRIDE * SHORTEST_NAME && step <= STRIDE * LONGEST_NAME;
    if (count === 0 ? marker !== 0 : !mayFollow) break;
    last = marker;
  }
  return count;
}

/** Since Linux 4.20 markers have four bytes, before that the size of a pointer. */
function markerAt(image: DataView, at: number, size: 4 | 8, little: boolean): number {
  if (size === 4) return image.getUint32(at, little);
  const [low, high] = little ? [at, at + 4] : [at + 4, at];
  return image.getUint32(high, little) === 0 ? image.getUint32(low, little) : -1;
}

function namesBefore(
  image: DataView,
  { endian }: TokenTable,
  { at, size, count }: Pick<Markers, 'at' | 'size'> & { count: number },
  walks: { left: number },
): NameTable | undefined {
  const little = endian === 'little';
  const markers = Array.from({ length: count }, (_, index) =>
    markerAt(image, at + index * size, size, little),
  );
  const last = markers[count - 1];
  const highest = at - last - SHORTEST_NAME;
  const lowest = Math.max(8, at - last - STRIDE * LONGEST_NAME - 8);
  for (let start = highest & ~3; start >= lowest; start -= 4) {
    const [far, near] = [image.getUint32(start - 8, little), image.getUint32(start - 4, little)];
    // With an alignment of 8, zeros fill the other half.
    const [found, alignment] = near === 0 ? ([far, 8] as const) : ([near, 4] as const);
    if (found <= (count - 1) * STRIDE || found > count * STRIDE || found < FEWEST) continue;
    for (const isWide of [true, false]) {
      if (walks.left-- === 0) return undefined;
      if (!isWalk(image, { start, count: found, isWide }, markers, at)) continue;
      return { count: found, numSyms: start - alignment, start, alignment, isWide };
    }
  }
  return undefined;
}

/** Whether names that begin at `start` meet each marker, and fill the bytes up to the markers. */
function isWalk(
  image: DataView,
  { start, count, isWide }: Pick<NameTable, 'start' | 'count' | 'isWide'>,
  markers: readonly number[],
  end: number,
): boolean {
  let at = start;
  for (let index = 0; index < count; index++) {
    if (index % STRIDE === 0 && at - start !== markers[index / STRIDE]) return false;
    if (at + 1 >= end) return false;
    let length = image.getUint8(at++);
    if (isWide && length >= 0x80) length = (length & 0x7f) | (image.getUint8(at++) << 7);
    if (length === 0 || length > LONGEST_NAME) return false;
    at += length;
    if (at > end) return false;
  }
  for (let padding = at; padding < end; padding++) {
    if (padding - at >= 8 || image.getUint8(padding) !== 0) return false;
  }
  return true;
}

/** KSYM_NAME_LEN, with the letter of nm. */
const NAME_LIMIT = 512;

/**
 * The found names, and the letter of nm before each. They are written into bytes first: half the
 * time of joining strings (K612: 50 ms).
 *
 * Throws FormatError `kallsyms-limit` for a name longer than a kernel allows.
 */
export function decodeNames(
  bytes: Uint8Array,
  { start, count, isWide }: NameTable,
  { tokens }: TokenTable,
  limits: KallsymsLimits,
): { types: Uint8Array; names: string[] } {
  if (count > limits.symbols) {
    throw new FormatError('kallsyms-limit', `${count} symbols, ${limits.symbols} are the limit`);
  }
  const types = new Uint8Array(count);
  const names: string[] = [];
  const symbol = Buffer.alloc(NAME_LIMIT);
  let at = start;
  let text = 0;
  for (let index = 0; index < count; index++) {
    let length = bytes[at++];
    if (isWide && length >= 0x80) length = (length & 0x7f) | (bytes[at++] << 7);
    let filled = 0;
    for (const end = at + length; at < end; at++) {
      const token = tokens[bytes[at]];
      if (filled + token.length > NAME_LIMIT) {
        const message = `a symbol of more than ${NAME_LIMIT} bytes`;
        throw new FormatError('kallsyms-limit', message, { section: 'kallsyms', offset: at });
      }
      for (const byte of token) symbol[filled++] = byte;
    }
    text += filled;
    if (text > limits.text) {
      throw new FormatError('kallsyms-limit', `more than ${limits.text} bytes of names`);
    }
    types[index] = symbol[0];
    names.push(symbol.toString('latin1', 1, Math.max(1, filled)));
  }
  return { types, names };
}
