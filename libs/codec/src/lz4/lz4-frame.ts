import { ByteReader, FormatError, type StreamReader } from '@btf-depot/bytes';
import { unlz4Block } from './lz4-block.ts';
import { Xxh32 } from './xxh32.ts';

/** FLG of lz4_Frame_format.md, "Frame Descriptor"; bits 6 and 7 are the version, 1. */
const Flag = { DICTIONARY: 1, CHECKSUM: 4, SIZE: 8, BLOCK_CHECKSUM: 16, INDEPENDENT: 32 } as const;

/** The highest bit of a block's size says that it is not compressed. */
const STORED = 0x80000000;

/** Bytes back that a match may reach. */
const WINDOW = 64 * 1024;

interface Descriptor {
  readonly flags: number;
  /** Most bytes of a block. */
  readonly block: number;
  /** The size of the content, if the frame states it. */
  readonly size?: number;
}

/** A frame after its magic number: the default output of `lz4`, not that of `lz4 -l`. */
export async function* unlz4Frame(reader: StreamReader): AsyncGenerator<Uint8Array> {
  const { flags, block: limit, size } = await readDescriptor(reader);
  const sum = new Xxh32();
  let before: Uint8Array = new Uint8Array();
  let total = 0;
  for (;;) {
    const word = await u32(reader);
    if (word === 0) break;
    const isStored = word >= STORED;
    const length = isStored ? word - STORED : word;
    if (length > limit) throw corrupt(`a block of ${length} bytes`, reader);
    const input = await reader.read(length);
    if (flags & Flag.BLOCK_CHECKSUM && (await u32(reader)) !== new Xxh32().update(input).digest()) {
      throw corrupt("a block's checksum is wrong", reader);
    }
    const bytes = isStored ? input.slice() : unlz4Block(input, limit, before);
    if (!(flags & Flag.INDEPENDENT)) before = lastOf(before, bytes);
    if (flags & Flag.CHECKSUM) sum.update(bytes);
    total += bytes.length;
    yield bytes;
  }
  if (flags & Flag.CHECKSUM && (await u32(reader)) !== sum.digest()) {
    throw corrupt('the checksum is wrong', reader);
  }
  if (size !== undefined && size !== total) {
    throw corrupt(`${total} bytes come out, not ${size}`, reader);
  }
}

async function readDescriptor(reader: StreamReader): Promise<Descriptor> {
  await reader.fill(2);
  const [flags = 0, sizes = 0] = reader.held();
  const length = 2 + (flags & Flag.SIZE ? 8 : 0) + (flags & Flag.DICTIONARY ? 4 : 0);
  const bytes = await reader.read(length);
  const [sum] = await reader.read(1);
  const block = 2 ** (8 + 2 * ((sizes >> 4) & 7));
  if (flags >> 6 !== 1 || block < 64 * 1024) throw corrupt('a frame of a later format', reader);
  if (sum !== ((new Xxh32().update(bytes).digest() >> 8) & 0xff)) {
    throw corrupt("a frame header's checksum is wrong", reader);
  }
  if (flags & Flag.DICTIONARY) throw corrupt('a frame that needs a dictionary', reader);
  if (!(flags & Flag.SIZE)) return { flags, block };
  const size = new ByteReader(bytes.subarray(2), 'little', { code: 'lz4-corrupt' }).u64AsNumber();
  return { flags, block, size };
}

function lastOf(before: Uint8Array, bytes: Uint8Array): Uint8Array {
  if (bytes.length >= WINDOW) return bytes.subarray(-WINDOW);
  return Buffer.concat([before.subarray(-(WINDOW - bytes.length)), bytes]);
}

async function u32(reader: StreamReader): Promise<number> {
  return new ByteReader(await reader.read(4), 'little').u32();
}

export function corrupt(message: string, reader: StreamReader): FormatError {
  return new FormatError('lz4-corrupt', message, { section: 'lz4', offset: reader.position });
}
