import { FormatError, type StreamReader } from '@btf-depot/bytes';
import { unlz4Block } from './lz4-block.ts';
import { corrupt, unlz4Frame } from './lz4-frame.ts';
import { isSkippable } from '../skippable.ts';
import { isMore, type Trailing } from '../trailing.ts';

const LEGACY = 0x184c2102;
const FRAME = 0x184d2204;

/** Bytes that a block holds, the last one excepted (lz4_Frame_format.md, "Legacy frame"). */
const BLOCK = 8 * 1024 * 1024;

/** LZ4_compressBound of a block. */
const PACKED_LIMIT = BLOCK + Math.floor(BLOCK / 255) + 16;

/** Each has its own buffer: a stream of millions of empty frames would not end. */
const FRAME_LIMIT = 4096;

interface Lz4Options {
  trailing: Trailing;
  /** All that comes out. */
  size?: number | undefined;
}

/**
 * LZ4: legacy frames, `lz4 -l`, which kernels are compressed with, and the frames that `lz4` writes
 * by default.
 */
export async function* unlz4(
  reader: StreamReader,
  { trailing, size }: Lz4Options,
): AsyncGenerator<Uint8Array> {
  let left = size ?? Infinity;
  for (let frames = 0; ; frames++) {
    if (frames > 0 && !(await isMore(reader, trailing, beginsLz4))) return;
    if (frames === FRAME_LIMIT) {
      throw new FormatError('lz4-limit', `more than ${FRAME_LIMIT} frames`);
    }
    const magic = u32(await reader.read(4));
    if (isSkippable(magic)) {
      await reader.skip(u32(await reader.read(4)));
      continue;
    }
    if (magic !== LEGACY && magic !== FRAME) throw corrupt('no frame begins here', reader);
    const frame = magic === FRAME ? unlz4Frame(reader) : legacyFrame(reader, { trailing, left });
    for await (const block of frame) {
      left -= block.length;
      yield block;
    }
  }
}

/**
 * It has neither an end mark nor a checksum. A block that is not full is the last one. After a full
 * block only the size tells the end from a truncated stream; if other bytes may follow the stream,
 * bytes that cannot be a block end it.
 */
async function* legacyFrame(
  reader: StreamReader,
  { trailing, left }: { trailing: Trailing; left: number },
): AsyncGenerator<Uint8Array> {
  let total = 0;
  for (let last = BLOCK; last === BLOCK && total !== left;) {
    if (await reader.isAtEnd()) throw truncated(reader);
    await reader.fill(4);
    const isBehind = total > 0 && (trailing !== 'refuse' || beginsLz4(reader.held()));
    if (isBehind && !isBlock(u32(reader.held()))) return;
    const packed = u32(await reader.read(4));
    if (!isBlock(packed)) throw corrupt(`a block of ${packed} bytes`, reader);
    const block = unlz4Block(await reader.read(packed), BLOCK);
    last = block.length;
    total += last;
    yield block;
  }
}

/** Whether a legacy block may have so many bytes; no magic number may. */
function isBlock(packed: number): boolean {
  return packed > 0 && packed <= PACKED_LIMIT;
}

function beginsLz4(head: Uint8Array): boolean {
  if (head.length < 4) return false;
  const magic = u32(head);
  return magic === LEGACY || magic === FRAME || isSkippable(magic);
}

function u32(bytes: Uint8Array): number {
  if (bytes.length < 4) return 0;
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
}

function truncated(reader: StreamReader): FormatError {
  const message = 'the stream ends after a full block, which cannot be told from a cut one';
  return new FormatError('lz4-truncated', message, { section: 'lz4', offset: reader.position });
}
