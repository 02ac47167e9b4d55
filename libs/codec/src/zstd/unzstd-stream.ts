import { createZstdDecompress } from 'node:zlib';
import { FormatError, type StreamReader } from '@btf-depot/bytes';
import { isSkippable } from '../skippable.ts';
import { CHUNK, through, zlibCode } from '../through.ts';
import { isMore, type Trailing } from '../trailing.ts';

const FRAME = 0xfd2fb528;

/** Each frame has its own engine, 0.2 ms: a stream of millions of empty frames would not end. */
const FRAME_LIMIT = 4096;

/**
 * The frames of a zstd stream, RFC 8878. This code finds the end of each frame itself, because
 * node:zlib silently drops the bytes that follow a frame in the same chunk.
 */
export async function* unzstdFrames(
  reader: StreamReader,
  { trailing }: { trailing: Trailing },
): AsyncGenerator<Uint8Array> {
  for (let frames = 0; ; frames++) {
    if (frames > 0 && !(await isMore(reader, trailing, beginsZstd))) return;
    if (frames === FRAME_LIMIT) {
      throw new FormatError('zstd-limit', `more than ${FRAME_LIMIT} frames`);
    }
    const magic = await peekU32(reader);
    if (magic === FRAME) {
      try {
        yield* through(frame(reader), createZstdDecompress({ chunkSize: CHUNK }));
      } catch (error) {
        throw zstdError(error);
      }
    } else if (isSkippable(magic)) {
      reader.drop(4);
      await reader.skip(u32(await reader.read(4)));
    } else {
      throw corrupt('no frame begins here', reader);
    }
  }
}

function beginsZstd(head: Uint8Array): boolean {
  return head.length >= 4 && (u32(head) === FRAME || isSkippable(u32(head)));
}

/** The bytes of one frame, header to checksum (3.1.1). */
async function* frame(reader: StreamReader): AsyncGenerator<Uint8Array> {
  await reader.fill(5);
  const descriptor = reader.held()[4] ?? 0;
  const isSingle = (descriptor & 0x20) !== 0;
  const sizeBytes = [isSingle ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
  yield await reader.read(5 + (isSingle ? 0 : 1) + dictionaryBytes + sizeBytes);
  for (let isLast = false; !isLast;) {
    const header = await reader.read(3);
    const bits = (header[0] ?? 0) | ((header[1] ?? 0) << 8) | ((header[2] ?? 0) << 16);
    isLast = (bits & 1) === 1;
    const type = (bits >> 1) & 3;
    if (type === 3) throw corrupt('a block of a reserved type', reader);
    yield header;
    // One byte that is repeated, or so many bytes (3.1.1.2.2).
    yield* reader.take(type === 1 ? 1 : bits >> 3);
  }
  if (descriptor & 4) yield await reader.read(4);
}

async function peekU32(reader: StreamReader): Promise<number> {
  if (!(await reader.fill(4))) return u32(await reader.read(4));
  return u32(reader.held());
}

function u32(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
}

function corrupt(message: string, reader: StreamReader): FormatError {
  return new FormatError('zstd-corrupt', message, { section: 'zstd', offset: reader.position });
}

function zstdError(error: unknown): unknown {
  const code = zlibCode(error);
  if (code === '') return error;
  if (code === 'ZSTD_error_frameParameter_windowTooLarge') {
    return new FormatError('zstd-limit', 'the window is too large', {}, { cause: error });
  }
  return new FormatError('zstd-corrupt', 'not a sound zstd stream', {}, { cause: error });
}
