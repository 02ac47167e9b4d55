import { FormatError } from '@btf-depot/bytes';
import type { BitReader } from './bit-reader.ts';
import { huffmanTable, type HuffmanTable } from './bzip2-huffman.ts';

const GROUP = 50;
const CHUNK = 256 * 1024;
const CRC_TABLE = crcTable();

/**
 * One block after its magic and checksum: Huffman codes → run lengths and move-to-front → inverse
 * Burrows-Wheeler transform → the first run-length coding undone. Throws FormatError
 * `bzip2-corrupt`, `bzip2-truncated`.
 */
export function* readBzip2Block(
  bits: BitReader,
  blockSize: number,
  crc: number,
): Generator<Uint8Array> {
  if (bits.take(1) === 1) throw corrupt('a randomised block');
  const origin = bits.take(24);
  const symbols = readSymbolMap(bits);
  const tables = bits.take(3);
  if (tables < 2 || tables > 6) throw corrupt(`${tables} tables`);
  const selectors = readSelectors(bits, tables);
  const huffman = Array.from({ length: tables }, () => huffmanTable(bits, symbols.length + 2));
  const block = new Uint32Array(blockSize);
  const length = readBlock(bits, block, { symbols, selectors, huffman });
  if (origin >= length) throw corrupt('the origin lies outside the block');
  invert(block, length);
  yield* expand(block, length, origin, crc);
}

/** The byte values that occur, by a map of maps of sixteen bits. */
function readSymbolMap(bits: BitReader): Uint8Array {
  const ranges = bits.take(16);
  const symbols: number[] = [];
  for (let range = 0; range < 16; range++) {
    if ((ranges & (0x8000 >> range)) === 0) continue;
    const used = bits.take(16);
    for (let i = 0; i < 16; i++) {
      if (used & (0x8000 >> i)) symbols.push(range * 16 + i);
    }
  }
  if (symbols.length === 0) throw corrupt('a block without symbols');
  return Uint8Array.from(symbols);
}

/** The table of each group of fifty symbols: moved to front, in unary. */
function readSelectors(bits: BitReader, tables: number): Uint8Array {
  const selectors = new Uint8Array(bits.take(15));
  const order = Array.from({ length: tables }, (_, i) => i);
  for (let i = 0; i < selectors.length; i++) {
    let place = 0;
    while (bits.take(1) === 1) {
      if (++place >= tables) throw corrupt('a selector of no table');
    }
    const [table = 0] = order.splice(place, 1);
    order.unshift(table);
    selectors[i] = table;
  }
  return selectors;
}

interface Coding {
  symbols: Uint8Array;
  selectors: Uint8Array;
  huffman: readonly HuffmanTable[];
}

/** @returns how many bytes the block has; they are in the low bits of its entries. */
function readBlock(bits: BitReader, block: Uint32Array, coding: Coding): number {
  const { symbols, selectors, huffman } = coding;
  const front = symbols.slice();
  const endOfBlock = symbols.length + 1;
  let length = 0;
  let run = 0;
  let runBit = 1;
  for (let count = 0; ; count++) {
    const table = huffman[selectors[Math.floor(count / GROUP)] ?? -1];
    if (!table) throw corrupt('more symbols than selectors');
    const symbol = table.next(bits);
    if (symbol <= 1) {
      // RUNA and RUNB: the run's length in bijective base two.
      run += runBit << symbol;
      runBit <<= 1;
      if (run > block.length - length) throw corrupt('a run longer than the block');
      continue;
    }
    if (run > 0) {
      block.fill(front[0], length, length + run);
      length += run;
      run = 0;
      runBit = 1;
    }
    if (symbol === endOfBlock) return length;
    if (length === block.length) throw corrupt('more bytes than the block holds');
    const byte = front[symbol - 1];
    front.copyWithin(1, 0, symbol - 1);
    front[0] = byte;
    block[length++] = byte;
  }
}

/** Puts, above each byte, the index of the next one. */
function invert(block: Uint32Array, length: number): void {
  const starts = new Uint32Array(257);
  for (let i = 0; i < length; i++) starts[(block[i] & 0xff) + 1]++;
  for (let byte = 1; byte < 257; byte++) starts[byte] += starts[byte - 1];
  for (let i = 0; i < length; i++) block[starts[block[i] & 0xff]++] |= i << 8;
}

/** After four equal bytes comes the number of further ones. */
function* expand(
  block: Uint32Array,
  length: number,
  origin: number,
  expected: number,
): Generator<Uint8Array> {
  let output = new Uint8Array(CHUNK);
  let out = 0;
  let crc = 0xffffffff;
  let entry = block[origin] >>> 8;
  let previous = -1;
  let equal = 0;
  for (let i = 0; i < length; i++) {
    entry = block[entry];
    const byte = entry & 0xff;
    entry >>>= 8;
    let count = 1;
    let value = byte;
    if (equal === 4) {
      count = byte;
      value = previous;
      equal = 0;
      previous = -1;
    } else if (byte === previous) {
      equal++;
    } else {
      previous = byte;
      equal = 1;
    }
    if (out + 255 > CHUNK) {
      yield output.subarray(0, out);
      output = new Uint8Array(CHUNK);
      out = 0;
    }
    for (; count > 0; count--) {
      output[out++] = value;
      crc = (crc << 8) ^ CRC_TABLE[(crc >>> 24) ^ value];
    }
  }
  if (~crc >>> 0 !== expected) throw corrupt("a block's checksum is wrong");
  yield output.subarray(0, out);
}

/** CRC-32 with the highest bit first, polynomial 0x04c11db7. */
function crcTable(): Int32Array {
  return Int32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
    return crc;
  });
}

function corrupt(message: string): FormatError {
  return new FormatError('bzip2-corrupt', message, { section: 'bzip2' });
}
