import { crc32 } from 'node:zlib';
import { ByteReader, FormatError, type StreamReader } from '@btf-depot/bytes';
import { lzo1x } from './lzo1x.ts';

const MAGIC = [0x89, 0x4c, 0x5a, 0x4f, 0x00, 0x0d, 0x0a, 0x1a, 0x0a];

/** Flags of lzop's header; checksums are of a block unpacked (D) or packed (C). */
const Flag = {
  ADLER32_D: 0x1,
  ADLER32_C: 0x2,
  EXTRA: 0x40,
  CRC32_D: 0x100,
  CRC32_C: 0x200,
  FILTER: 0x800,
  CRC32_HEADER: 0x1000,
} as const;

/** The version from which on the header has level, needed version and the time's upper half. */
const NEWER = 0x940;

/** lzop writes 256 KiB, and takes this much. */
const BLOCK_LIMIT = 64 * 1024 * 1024;

/**
 * An lzop file, what kernels call lzo: header, blocks, and a length of zero at the end
 * (lib/decompress_unlzo.c of the kernel; lzop's own documentation).
 */
export async function* unlzop(reader: StreamReader): AsyncGenerator<Uint8Array> {
  const flags = await readHeader(reader);
  for (;;) {
    const size = await u32(reader);
    if (size === 0) return;
    const packed = await u32(reader);
    if (size > BLOCK_LIMIT || packed === 0 || packed > size) {
      throw corrupt(`a block of ${packed} bytes for ${size}`, reader);
    }
    const isStored = packed === size;
    const after = await checksums(reader, flags, Flag.ADLER32_D, Flag.CRC32_D);
    const before = isStored ? {} : await checksums(reader, flags, Flag.ADLER32_C, Flag.CRC32_C);
    const bytes = await reader.read(packed);
    check(bytes, before, reader);
    const block = isStored ? bytes.slice() : lzo1x(bytes, size);
    check(block, after, reader);
    yield block;
  }
}

/** @returns the flags. */
async function readHeader(reader: StreamReader): Promise<number> {
  const magic = await reader.read(MAGIC.length);
  if (MAGIC.some((byte, at) => magic[at] !== byte)) throw corrupt('no lzop header', reader);
  const start = await reader.read(4);
  const version = ((start[0] ?? 0) << 8) | (start[1] ?? 0);
  const isNewer = version >= NEWER;
  const middle = await reader.read((isNewer ? 2 : 0) + 1 + (isNewer ? 1 : 0) + 4);
  const flags = new DataView(middle.buffer, middle.byteOffset).getUint32(middle.length - 4);
  if (flags & (Flag.EXTRA | Flag.FILTER)) throw corrupt('an extra field or filter', reader);
  // Mode and time, then the length of the name.
  const times = await reader.read(4 + 4 + (isNewer ? 4 : 0) + 1);
  const name = await reader.read(times.at(-1) ?? 0);
  const header = Buffer.concat([start, middle, times, name]);
  const expected = await u32(reader);
  const actual = flags & Flag.CRC32_HEADER ? crc32(header) : adler32(header);
  if (actual !== expected) throw corrupt("the header's checksum is wrong", reader);
  return flags;
}

interface Checksums {
  adler?: number | undefined;
  crc?: number | undefined;
}

async function checksums(
  reader: StreamReader,
  flags: number,
  adlerFlag: number,
  crcFlag: number,
): Promise<Checksums> {
  return {
    adler: flags & adlerFlag ? await u32(reader) : undefined,
    crc: flags & crcFlag ? await u32(reader) : undefined,
  };
}

function check(bytes: Uint8Array, { adler, crc }: Checksums, reader: StreamReader): void {
  if (
    (adler !== undefined && adler !== adler32(bytes)) ||
    (crc !== undefined && crc !== crc32(bytes))
  ) {
    throw corrupt("a block's checksum is wrong", reader);
  }
}

/** RFC 1950, 8.2; sums fit in 32 bits for 3,800 bytes at a time. */
function adler32(bytes: Uint8Array): number {
  let a = 1;
  let b = 0;
  for (let start = 0; start < bytes.length; start += 3800) {
    const end = Math.min(start + 3800, bytes.length);
    for (let i = start; i < end; i++) {
      a += bytes[i];
      b += a;
    }
    a %= 65521;
    b %= 65521;
  }
  return ((b << 16) | a) >>> 0;
}

async function u32(reader: StreamReader): Promise<number> {
  return new ByteReader(await reader.read(4), 'big').u32();
}

function corrupt(message: string, reader: StreamReader): FormatError {
  return new FormatError('lzo-corrupt', message, { section: 'lzo', offset: reader.position });
}
