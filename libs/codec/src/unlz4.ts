import { FormatError, type StreamReader } from '@btf-depot/bytes';
import { copyMatch } from './copy-match.ts';

const MAGIC = 0x184c2102;

/** Bytes that a block holds, the last one excepted (lz4_Frame_format.md, "Legacy frame"). */
const BLOCK = 8 * 1024 * 1024;

/** LZ4_compressBound of a block. */
const PACKED_LIMIT = BLOCK + Math.floor(BLOCK / 255) + 16;

interface Lz4Options {
  /** One frame: it ends where the bytes that came out are said, as the kernel's build appends it. */
  one: boolean;
  /** All that comes out. */
  size?: number;
}

/**
 * LZ4's legacy frame, `lz4 -l`: the one that kernels are compressed with. It has no mark of its
 * end and no checksum. A block that is not full is the last; after a full one only `size` tells
 * the end from a truncated stream.
 */
export async function* unlz4(
  reader: StreamReader,
  { one, size }: Lz4Options,
): AsyncGenerator<Uint8Array> {
  await expectMagic(reader);
  let total = 0;
  for (let last = BLOCK; ;) {
    if (total === size) return;
    if (await reader.isAtEnd()) {
      if (last === BLOCK) throw truncated(reader);
      return;
    }
    const packed = u32(await reader.read(4));
    if (one && packed === total && last < BLOCK) return;
    if (packed === MAGIC && !one) {
      last = BLOCK;
      continue;
    }
    if (last < BLOCK || packed === 0 || packed > PACKED_LIMIT) {
      throw corrupt(`a block of ${packed} bytes`, reader);
    }
    const block = unpackBlock(await reader.read(packed), reader);
    last = block.length;
    total += last;
    yield block;
  }
}

async function expectMagic(reader: StreamReader): Promise<void> {
  if (u32(await reader.read(4)) !== MAGIC) throw corrupt('no legacy frame', reader);
}

/** One block (lz4_Block_format.md): literals and matches by turns, the last are literals. */
function unpackBlock(input: Uint8Array, reader: StreamReader): Uint8Array {
  const output = new Uint8Array(BLOCK);
  let at = 0;
  let out = 0;
  const longer = (length: number): number => {
    for (let more = 255; more === 255; length += more) {
      if (at >= input.length) throw corrupt('a length without end', reader);
      more = input[at++];
    }
    return length;
  };
  for (;;) {
    if (at >= input.length) throw corrupt('a block ends in a match', reader);
    const token = input[at++];
    const literals = token >> 4 === 15 ? longer(15) : token >> 4;
    if (literals > input.length - at || literals > BLOCK - out) {
      throw corrupt(`${literals} literals do not fit`, reader);
    }
    output.set(input.subarray(at, at + literals), out);
    at += literals;
    out += literals;
    if (at === input.length) return output.subarray(0, out);
    const distance = (input[at] ?? 0) | ((input[at + 1] ?? 0) << 8);
    at += 2;
    const length = ((token & 15) === 15 ? longer(15) : token & 15) + 4;
    if (distance === 0 || distance > out || length > BLOCK - out) {
      throw corrupt(`${length} bytes from ${distance} back`, reader);
    }
    copyMatch(output, out, distance, length);
    out += length;
  }
}

function u32(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
}

function truncated(reader: StreamReader): FormatError {
  const message = 'the stream ends after a full block, which cannot be told from a cut one';
  return new FormatError('lz4-truncated', message, { section: 'lz4', offset: reader.position });
}

function corrupt(message: string, reader: StreamReader): FormatError {
  return new FormatError('lz4-corrupt', message, { section: 'lz4', offset: reader.position });
}
