import type { Endian } from '@btf-depot/bytes';

/** The 256 pieces that make up names. */
export interface TokenTable {
  readonly endian: Endian;
  readonly tokens: readonly Uint8Array[];
  /** First byte of the table, and the byte after its index. */
  readonly start: number;
  readonly end: number;
}

const TOKENS = 256;
const DIGIT_ZERO = 0x30;

/** Digits stand for themselves in every kernel, so their ten tokens follow one another. */
const DIGITS = Buffer.from('0\x001\x002\x003\x004\x005\x006\x007\x008\x009\x00', 'latin1');

/** Offsets in the index have 16 bits. */
const LARGEST_TABLE = 0x10000;

/** Most places that are tried: the digits of a real kernel occur once. */
const TRIES = 64;

/**
 * The token tables of an image: 256 strings with NUL, then the offset of each in 16 bits
 * (scripts/kallsyms.c). They are found by the tokens of the digits, and accepted if the index
 * agrees with all tokens.
 */
export function* tokenTables(bytes: Uint8Array): Generator<TokenTable> {
  const image = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let tries = 0;
  for (let at = -1; (at = image.indexOf(DIGITS, at + 1)) >= 0 && tries < TRIES; tries++) {
    const starts = tokenStarts(image, at);
    const table = starts && withIndex(image, starts);
    if (table) yield table;
  }
}

/** Starts of tokens, by the place of the digit zero; only the end of the first token is known. */
function tokenStarts(image: Buffer, zero: number): Int32Array | undefined {
  const starts = new Int32Array(TOKENS + 1);
  starts[DIGIT_ZERO] = zero;
  const lowest = Math.max(0, zero - LARGEST_TABLE);
  for (let token = DIGIT_ZERO; token > 0; token--) {
    const end = starts[token] - 1;
    if (end < lowest || image[end] !== 0) return undefined;
    if (token === 1) break;
    let start = end;
    while (start > lowest && image[start - 1] !== 0) start--;
    starts[token - 1] = start;
  }
  const highest = Math.min(image.length, zero + LARGEST_TABLE);
  for (let token = DIGIT_ZERO; token < TOKENS; token++) {
    const end = image.indexOf(0, starts[token]);
    if (end < 0 || end >= highest) return undefined;
    starts[token + 1] = end + 1;
  }
  return starts;
}

function withIndex(image: Buffer, starts: Int32Array): TokenTable | undefined {
  const tableEnd = starts[TOKENS];
  for (let at = (tableEnd + 3) & ~3; at < tableEnd + 8; at += 4) {
    if (at + TOKENS * 2 > image.length) return undefined;
    for (const endian of ['little', 'big'] as const) {
      const start = indexedStart(image, starts, at, endian);
      if (start === undefined) continue;
      starts[0] = start;
      const tokens = Array.from({ length: TOKENS }, (_, token) =>
        image.subarray(starts[token], starts[token + 1] - 1),
      );
      return { endian, tokens, start, end: at + TOKENS * 2 };
    }
  }
  return undefined;
}

/** Start of the first token, if the index at `at` belongs to these tokens. */
function indexedStart(
  image: Buffer,
  starts: Int32Array,
  at: number,
  endian: Endian,
): number | undefined {
  const offset = (token: number): number =>
    endian === 'little' ? image.readUInt16LE(at + token * 2) : image.readUInt16BE(at + token * 2);
  const start = starts[1] - offset(1);
  if (offset(0) !== 0 || start < 0 || start >= starts[1]) return undefined;
  // The first token has no NUL in it.
  if (image.indexOf(0, start) !== starts[1] - 1) return undefined;
  for (let token = 2; token < TOKENS; token++) {
    if (offset(token) !== starts[token] - start) return undefined;
  }
  return start;
}
