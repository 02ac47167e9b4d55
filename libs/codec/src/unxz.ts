import { crc32 } from 'node:zlib';
import { FormatError, type Chunks, type StreamReader } from '@btf-depot/bytes';
import {
  code,
  copyFromWasm,
  copyToWasm,
  end,
  LZMA_BUF_ERROR,
  LZMA_FINISH,
  LZMA_MEM_ERROR,
  LZMA_MEMLIMIT_ERROR,
  LZMA_OK,
  LZMA_PROG_ERROR,
  LZMA_RUN,
  LZMA_STREAM_END,
  WasmLzmaStream,
} from 'node-liblzma/wasm';
import { liblzma } from './liblzma.ts';

/** Bytes that a decoder may take for its dictionary: `xz -9` needs 65 MiB, kernels up to 128. */
const MEMORY_LIMIT = 192n * 1024n * 1024n;

/** LZMA_CONCATENATED: streams follow one another until the input ends. */
const CONCATENATED = 0x08;

const CHUNK = 1024 * 1024;

/** One lzma_stream. It is given all of a chunk at once, and room for CHUNK bytes at a time. */
class Decoder implements Disposable {
  readonly #stream = new WasmLzmaStream(liblzma);
  readonly #output = liblzma._malloc(CHUNK);
  #input = 0;

  constructor() {
    const status = liblzma._lzma_stream_decoder(this.#stream.ptr, MEMORY_LIMIT, CONCATENATED);
    if (status !== LZMA_OK) throw xzError(status);
  }

  take(chunk: Uint8Array): void {
    liblzma._free(this.#input);
    this.#input = copyToWasm(liblzma, chunk);
    this.#stream.setInput(this.#input, chunk.length);
  }

  /** @returns status of liblzma, what came out, and whether all input is used up. */
  step(action: number): { status: number; bytes: Uint8Array; isUsed: boolean } {
    const stream = this.#stream;
    stream.setOutput(this.#output, CHUNK);
    const status = code(stream, action);
    const bytes = copyFromWasm(liblzma, this.#output, CHUNK - stream.availOut);
    return { status, bytes, isUsed: stream.availIn === 0 };
  }

  [Symbol.dispose](): void {
    end(this.#stream);
    this.#stream.free();
    liblzma._free(this.#input);
    liblzma._free(this.#output);
  }
}

/** The streams of an .xz file and the padding among them (tukaani.org/xz/xz-file-format.txt). */
export async function* unxz(chunks: Chunks): AsyncGenerator<Uint8Array> {
  using decoder = new Decoder();
  for await (const chunk of chunks) {
    decoder.take(chunk);
    if (yield* drain(decoder, LZMA_RUN)) return;
  }
  decoder.take(new Uint8Array());
  if (!(yield* drain(decoder, LZMA_FINISH))) throw truncated();
}

/** @returns whether liblzma says that this is the end. */
function* drain(decoder: Decoder, action: number): Generator<Uint8Array, boolean> {
  for (;;) {
    const { status, bytes, isUsed } = decoder.step(action);
    if (bytes.length > 0) yield bytes;
    if (status === LZMA_STREAM_END) return true;
    if (status === LZMA_BUF_ERROR) {
      if (action === LZMA_FINISH) throw truncated();
    } else if (status !== LZMA_OK) throw xzError(status);
    if (isUsed && bytes.length < CHUNK && action === LZMA_RUN) return false;
  }
}

function truncated(): FormatError {
  return new FormatError('xz-truncated', 'the xz stream ends early');
}

function xzError(status: number): Error {
  switch (status) {
    case LZMA_MEMLIMIT_ERROR:
    case LZMA_MEM_ERROR:
      return new FormatError('xz-limit', `the decoder wants more than ${MEMORY_LIMIT} bytes`);
    case LZMA_PROG_ERROR:
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
