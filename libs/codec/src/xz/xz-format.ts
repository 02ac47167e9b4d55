/** The framing of .xz files (tukaani.org/xz/xz-file-format.txt); liblzma decodes the blocks. */
import { crc32 } from 'node:zlib';
import { FormatError, type StreamReader } from '@btf-depot/bytes';
import { beginsWith } from '../compression.ts';
import { isMore, type Trailing } from '../trailing.ts';

const MAGIC = Buffer.from('fd377a585a00', 'hex');
const FOOTER_MAGIC = Buffer.from('YZ');

/** Bytes of a block's check by the stream's flags (2.1.1.2). */
const CHECK_SIZES = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64] as const;

/** A stream's first twelve bytes. */
export interface StreamHeader {
  readonly bytes: Uint8Array;
  /** Of every block. */
  readonly checkSize: number;
}

export interface BlockHeader {
  readonly bytes: Uint8Array;
  /** Bytes of the data, packed and unpacked, if the header states them. */
  readonly packed?: number | undefined;
  readonly unpacked?: number | undefined;
}

/** A block in the index: its size without padding, and its unpacked size. */
export interface BlockSizes {
  readonly unpadded: number;
  readonly unpacked: number;
}

/** 2.1.1. */
export async function readStreamHeader(reader: StreamReader): Promise<StreamHeader> {
  const bytes = await reader.read(12);
  const flags = bytes.subarray(6, 8);
  if (!MAGIC.equals(bytes.subarray(0, 6)) || u32(bytes, 8) !== crc32(flags)) {
    throw corrupt('no stream begins here', reader, 12);
  }
  const checkSize = bytes[6] === 0 ? CHECK_SIZES[bytes[7] ?? 0xff] : undefined;
  if (checkSize === undefined) throw corrupt('a stream with flags of a later format', reader, 12);
  return { bytes, checkSize };
}

/** 3.1. @returns undefined if the index begins. */
export async function readBlockHeader(reader: StreamReader): Promise<BlockHeader | undefined> {
  if (await reader.isAtEnd()) await reader.read(1);
  const length = ((reader.held()[0] ?? 0) + 1) * 4;
  if (length === 4) return undefined;
  const bytes = await reader.read(length);
  if (u32(bytes, length - 4) !== crc32(bytes.subarray(0, length - 4))) {
    throw corrupt("a block header's checksum is wrong", reader, length);
  }
  const flags = bytes[1] ?? 0;
  let at = 2;
  const next = (): number => {
    const [value, size] = parseVarint(bytes.subarray(at, length - 4));
    if (size === 0) throw corrupt('a size that is none', reader, length);
    at += size;
    return value;
  };
  const packed = flags & 0x40 ? next() : undefined;
  const unpacked = flags & 0x80 ? next() : undefined;
  return {
    bytes,
    packed,
    unpacked,
  };
}

/** A block's data, which is LZMA2 whatever filters ran before: chunks that state their sizes. */
export async function* lzma2Chunks(reader: StreamReader): AsyncGenerator<Uint8Array> {
  for (let control = 1; control !== 0;) {
    await reader.fill(6);
    const head = reader.held();
    control = head[0] ?? 1;
    yield* reader.take(chunkLength(control, head.subarray(1, 5)));
  }
}

/**
 * Sizes of a chunk with its header: one if it is not compressed, else one unpacked, one packed, and
 * sometimes properties (lzma2_decoder.c of liblzma; only programs describe the format).
 */
function chunkLength(control: number, [a = 0, b = 0, c = 0, d = 0]: Iterable<number>): number {
  if (control === 0) return 1;
  if (control < 0x80) return 3 + ((a << 8) | b) + 1;
  return (control < 0xc0 ? 5 : 6) + ((c << 8) | d) + 1;
}

/**
 * The index and the footer behind a stream's blocks (2.1.2, 4).
 * @throws FormatError `xz-corrupt` if they are not of these blocks.
 */
export async function readStreamEnd(
  reader: StreamReader,
  header: StreamHeader,
  blocks: readonly BlockSizes[],
): Promise<void> {
  const expected = streamEnd(header, blocks);
  for (let at = 0; at < expected.length;) {
    const wanted = expected.subarray(at, at + 64 * 1024);
    await reader.fill(wanted.length);
    const bytes = reader.held().subarray(0, wanted.length);
    if (Buffer.compare(bytes, wanted.subarray(0, bytes.length)) !== 0) {
      throw corrupt('index and footer are not those of the blocks', reader, 0);
    }
    await reader.read(wanted.length);
    at += wanted.length;
  }
}

/** The index and the footer of a stream of these blocks. */
export function streamEnd({ bytes }: StreamHeader, blocks: readonly BlockSizes[]): Uint8Array {
  const numbers = blocks.flatMap(({ unpadded, unpacked }) => [unpadded, unpacked]);
  const records = [0, ...[blocks.length, ...numbers].flatMap(varint)];
  const index = Buffer.from([...records, ...new Uint8Array(paddingOf(records.length))]);
  const footer = Buffer.alloc(12);
  footer.writeUInt32LE((index.length + 4) / 4 - 1, 4);
  footer.set(bytes.subarray(6, 8), 8);
  footer.writeUInt32LE(crc32(footer.subarray(4, 10)));
  footer.set(FOOTER_MAGIC, 10);
  const sum = Buffer.alloc(4);
  sum.writeUInt32LE(crc32(index));
  return Buffer.concat([index, sum, footer]);
}

/** Zeros after a stream, four by four (2.2). @returns whether another stream is to be read. */
export async function passStreamPadding(
  reader: StreamReader,
  trailing: Trailing,
): Promise<boolean> {
  for (;;) {
    if ((await reader.isAtEnd()) || reader.held()[0] !== 0) {
      return isMore(reader, trailing, beginsWith('xz'));
    }
    const isFour = await reader.fill(4);
    if (trailing === 'pass' && !(isFour && u32(reader.held(), 0) === 0)) return false;
    const four = await reader.read(4);
    if (u32(four, 0) !== 0) throw corrupt('padding is not of zeros', reader, 4);
  }
}

export function paddingOf(length: number): number {
  return -length & 3;
}

/** Seven bits a byte, the least first (1.2). */
function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return [...bytes, rest];
}

/** @returns the value and its length, 0 if there is none that a number holds. */
function parseVarint(bytes: Uint8Array): [value: number, length: number] {
  let value = 0;
  for (const [place, byte] of bytes.subarray(0, 9).entries()) {
    value += (byte & 0x7f) * 2 ** (7 * place);
    if (byte < 0x80) return Number.isSafeInteger(value) ? [value, place + 1] : [0, 0];
  }
  return [0, 0];
}

function u32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at, true);
}

function corrupt(message: string, reader: StreamReader, back: number): FormatError {
  return new FormatError('xz-corrupt', message, { section: 'xz', offset: reader.position - back });
}
