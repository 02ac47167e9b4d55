import { FormatError, type StreamReader } from '@btf-depot/bytes';
import { BitReader } from './bit-reader.ts';
import { readBzip2Block } from './bzip2-block.ts';
import { beginsWith } from '../compression.ts';
import { isMore, type Trailing } from '../trailing.ts';

const BLOCK_MAGIC = [0x314159, 0x265359] as const;
const END_MAGIC = [0x177245, 0x385090] as const;

/**
 * More than any block of 900,000 symbols takes at 20 bits each, with its tables and selectors: so
 * all bytes of a block are in memory when it is decoded.
 */
const PACKED_BLOCK = 3 * 1024 * 1024;

/**
 * bzip2: consecutive streams, each of blocks that are Burrows-Wheeler transformed and Huffman coded
 * (sourceware.org/bzip2; only the program describes the format). Blocks that were "randomised", by
 * bzip2 before 0.9.5, are refused.
 *
 * 20 MB of a vmlinux took 0.85 s of a processor; unbzip2-stream 1.4.3 took 1.74 s, and seek-bzip
 * 2.0.0, which wants the whole stream in memory, 0.92 s.
 */
export async function* unbzip2(
  reader: StreamReader,
  { trailing }: { trailing: Trailing },
): AsyncGenerator<Uint8Array> {
  do {
    yield* stream(reader);
  } while (await isMore(reader, trailing, beginsWith('bzip2')));
}

async function* stream(reader: StreamReader): AsyncGenerator<Uint8Array> {
  const [b, z, h, level = 0] = await reader.read(4);
  if (b !== 0x42 || z !== 0x5a || h !== 0x68 || level < 0x31 || level > 0x39) {
    throw new FormatError('bzip2-corrupt', 'no bzip2 header', {
      section: 'bzip2',
      offset: reader.position - 4,
    });
  }
  const blockSize = (level - 0x30) * 100_000;
  let combined = 0;
  /** Blocks are not aligned: bits of the first byte that belong to the block before. */
  let bit = 0;
  for (;;) {
    await reader.fill(PACKED_BLOCK);
    const bits = new BitReader(reader.held(), bit, 'bzip2');
    const magic = [bits.take(24), bits.take(24)];
    const crc = ((bits.take(16) << 16) | bits.take(16)) >>> 0;
    if (magic[0] === END_MAGIC[0] && magic[1] === END_MAGIC[1]) {
      if (crc !== combined) throw new FormatError('bzip2-corrupt', 'the checksum is wrong');
      reader.drop(Math.ceil(bits.position / 8));
      return;
    }
    if (magic[0] !== BLOCK_MAGIC[0] || magic[1] !== BLOCK_MAGIC[1]) {
      throw new FormatError('bzip2-corrupt', 'no block begins here', {
        section: 'bzip2',
        offset: reader.position,
      });
    }
    yield* readBzip2Block(bits, blockSize, crc);
    combined = (((combined << 1) | (combined >>> 31)) ^ crc) >>> 0;
    reader.drop(bits.position >>> 3);
    bit = bits.position & 7;
  }
}
