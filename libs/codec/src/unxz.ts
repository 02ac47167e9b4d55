import { crc32 } from 'node:zlib';
import { FormatError, type Chunks, type StreamReader } from '@btf-depot/bytes';
import * as liblzma from 'node-liblzma';

/** Bytes that a decoder may take for its dictionary: `xz -9` needs 65 MiB, kernels up to 128. */
const MEMORY_LIMIT = 256 * 1024 * 1024;

const CHUNK = 1024 * 1024;

/** What node-liblzma leaves out of its types. */
interface Native {
  code(
    flag: number,
    input: Buffer,
    at: number,
    length: number,
    output: Buffer,
    offset: number,
    done: (status: number, inputLeft: number, outputLeft: number) => void,
  ): void;
}

interface Step {
  status: number;
  /** Bytes of the input that are left, and of the room for output. */
  input: number;
  output: number;
}

/**
 * liblzma itself. The streams of node-liblzma end where the input ends, whatever liblzma says of
 * that: here its status is looked at.
 */
class Decoder extends liblzma.Unxz {
  constructor() {
    // The buffer is the stream's own, which is not used.
    super({ memlimit: MEMORY_LIMIT, chunkSize: 64 });
  }

  step(flag: number, input: Buffer, at: number, output: Buffer): Promise<Step> {
    const { lzma } = this as unknown as { lzma: Native };
    return new Promise((resolve) => {
      lzma.code(flag, input, at, input.length - at, output, 0, (status, left, room) =>
        resolve({ status, input: left, output: room }),
      );
    });
  }
}

/** The streams of an .xz file and the padding among them (tukaani.org/xz/xz-file-format.txt). */
export async function* unxz(chunks: Chunks): AsyncGenerator<Uint8Array> {
  const decoder = new Decoder();
  try {
    for await (const chunk of chunks) yield* feed(decoder, liblzma.LZMA_RUN, chunk);
    if (!(yield* feed(decoder, liblzma.LZMA_FINISH, new Uint8Array()))) throw truncated();
  } finally {
    decoder.close();
  }
}

/** @returns whether liblzma says that this is the end. */
async function* feed(
  decoder: Decoder,
  flag: number,
  chunk: Uint8Array,
): AsyncGenerator<Uint8Array, boolean> {
  const input = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  for (let at = 0; ;) {
    const output = Buffer.allocUnsafe(CHUNK);
    const step = await decoder.step(flag, input, at, output);
    at = input.length - step.input;
    if (step.output < CHUNK) yield output.subarray(0, CHUNK - step.output);
    if (step.status === liblzma.LZMA_STREAM_END) return true;
    if (step.status === liblzma.LZMA_BUF_ERROR) {
      if (flag === liblzma.LZMA_FINISH) throw truncated();
    } else if (step.status !== liblzma.LZMA_OK) throw xzError(step.status);
    if (step.input === 0 && step.output > 0 && flag === liblzma.LZMA_RUN) return false;
  }
}

function truncated(): FormatError {
  return new FormatError('xz-truncated', 'the xz stream ends early');
}

function xzError(status: number): Error {
  switch (status) {
    case liblzma.LZMA_MEMLIMIT_ERROR:
    case liblzma.LZMA_MEM_ERROR:
      return new FormatError('xz-limit', `the decoder wants more than ${MEMORY_LIMIT} bytes`);
    case liblzma.LZMA_PROG_ERROR:
      return new Error('liblzma was called wrongly');
    default:
      return new FormatError('xz-corrupt', `not a sound xz stream (${status})`);
  }
}

const FOOTER = 12;

/**
 * The bytes of the .xz stream that begins here, up to its footer, which is known by its magic and
 * its CRC32 (2.1.2). Streams are multiples of four bytes long.
 */
export async function* untilXzFooter(reader: StreamReader): AsyncGenerator<Uint8Array> {
  yield await reader.read(FOOTER);
  for (;;) {
    const isMore = await reader.fill(CHUNK);
    const held = reader.held();
    const end = footerEnd(held);
    if (end !== undefined) {
      yield await reader.read(end);
      return;
    }
    if (!isMore) throw truncated();
    // The footer may have begun.
    yield await reader.read((held.length - FOOTER) & ~3);
  }
}

function footerEnd(bytes: Uint8Array): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + FOOTER <= bytes.length; at += 4) {
    if (view.getUint16(at + 10) !== 0x595a) continue;
    if (view.getUint32(at, true) === crc32(bytes.subarray(at + 4, at + 10))) return at + FOOTER;
  }
  return undefined;
}
