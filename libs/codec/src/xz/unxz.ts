import { FormatError, type StreamReader } from '@btf-depot/bytes';
import { LiblzmaDecoder } from './liblzma-decoder.ts';
import {
  lzma2Chunks,
  paddingOf,
  passStreamPadding,
  readBlockHeader,
  readStreamEnd,
  readStreamHeader,
  streamEnd,
  type BlockHeader,
  type BlockSizes,
  type StreamHeader,
} from './xz-format.ts';
import type { Trailing } from '../trailing.ts';
import { XzThreads } from './xz-threads.ts';

/**
 * Streams and blocks of a file. Each block has its own decoder: millions of empty ones would not
 * end. Programs put at least 1 MiB into one.
 */
const PARTS_LIMIT = 16_384;

/** Bytes of one piece of a block that was decoded whole. */
const PIECE = 1024 * 1024;

export interface UnxzOptions {
  readonly trailing: Trailing;
  /** Threads that decode blocks at one time; 1: only this thread. */
  readonly threads: number;
  /** Bytes of blocks, packed and unpacked, that other threads may have at one time. */
  readonly ahead: number;
}

/**
 * The streams of an .xz file and the padding between them. Blocks whose headers state their sizes,
 * as those of `xz -T` and dpkg-deb do, go to other threads if there are several.
 */
export async function* unxz(
  reader: StreamReader,
  { trailing, threads, ahead }: UnxzOptions,
): AsyncGenerator<Uint8Array> {
  await using others = new XzThreads(threads > 1 ? { threads, ahead } : { threads: 0, ahead: 0 });
  let parts = 0;
  const count = () => {
    if (++parts <= PARTS_LIMIT) return;
    throw new FormatError('xz-limit', `more than ${PARTS_LIMIT} streams and blocks`);
  };
  do {
    count();
    yield* unxzStream(reader, others, count);
  } while (trailing !== 'ignore' && (await passStreamPadding(reader, trailing)));
}

async function* unxzStream(
  reader: StreamReader,
  others: XzThreads,
  count: () => void,
): AsyncGenerator<Uint8Array> {
  const header = await readStreamHeader(reader);
  const blocks: BlockSizes[] = [];
  for (let block; (block = await readBlockHeader(reader));) {
    count();
    const sizes = sizesOf(header, block);
    if (sizes && (await isForOthers(reader, others, sizes, block))) {
      while (!others.hasRoom(sizes)) yield* pieces(await others.next());
      others.give(await wrapped(reader, header, block, sizes), sizes);
      blocks.push(sizes);
    } else {
      while (others.isBusy) yield* pieces(await others.next());
      blocks.push(yield* decodeHere(reader, header, block));
    }
  }
  while (others.isBusy) yield* pieces(await others.next());
  await readStreamEnd(reader, header, blocks);
}

/** The sizes from the block's header; undefined if it lacks one. */
function sizesOf({ checkSize }: StreamHeader, block: BlockHeader): BlockSizes | undefined {
  const { bytes, packed, unpacked } = block;
  if (packed === undefined || unpacked === undefined) return undefined;
  return { unpadded: bytes.length + packed + checkSize, unpacked };
}

/** If there is only one block, other threads have nothing else to decode. */
async function isForOthers(
  reader: StreamReader,
  others: XzThreads,
  sizes: BlockSizes,
  { bytes }: BlockHeader,
): Promise<boolean> {
  if (!others.mayTake(sizes)) return false;
  if (others.isBusy) return true;
  const left = sizes.unpadded + paddingOf(sizes.unpadded) - bytes.length;
  return (await reader.fill(left + 1)) && reader.held()[left] !== 0;
}

/** A block as a stream with this block only. */
async function wrapped(
  reader: StreamReader,
  header: StreamHeader,
  { bytes }: BlockHeader,
  sizes: BlockSizes,
): Promise<{ stream: Uint8Array<ArrayBuffer>; end: Uint8Array }> {
  const padded = sizes.unpadded + paddingOf(sizes.unpadded);
  const stream = new Uint8Array(header.bytes.length + padded);
  stream.set(header.bytes);
  stream.set(bytes, header.bytes.length);
  const left = padded - bytes.length;
  stream.set(await reader.read(left), stream.length - left);
  return { stream, end: streamEnd(header, [sizes]) };
}

/** A block on this thread, piece by piece. */
async function* decodeHere(
  reader: StreamReader,
  header: StreamHeader,
  { bytes }: BlockHeader,
): AsyncGenerator<Uint8Array, BlockSizes> {
  const { checkSize } = header;
  const start = reader.position - bytes.length;
  let unpacked = 0;
  using decoder = await LiblzmaDecoder.start('xz');
  const take = function* (packed: Uint8Array): Generator<Uint8Array> {
    for (const piece of decoder.decode(packed)) {
      unpacked += piece.length;
      yield piece.slice();
    }
  };
  yield* take(header.bytes);
  yield* take(bytes);
  for await (const chunk of lzma2Chunks(reader)) yield* take(chunk);
  const unpadded = reader.position - start + checkSize;
  for await (const rest of reader.take(paddingOf(unpadded) + checkSize)) yield* take(rest);
  decoder.finish(streamEnd(header, [{ unpadded, unpacked }]));
  return { unpadded, unpacked };
}

function* pieces(block: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < block.length; at += PIECE) yield block.subarray(at, at + PIECE);
}
