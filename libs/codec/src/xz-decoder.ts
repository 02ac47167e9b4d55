import { FormatError } from '@btf-depot/bytes';
import {
  code,
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
  type LZMAModule,
} from 'node-liblzma/wasm';
import { liblzma } from './liblzma.ts';

/** Bytes that a decoder may take for its dictionary: `xz -9` needs 65 MiB, kernels up to 128. */
const MEMORY_LIMIT = 192n * 1024n * 1024n;

const INPUT = 256 * 1024;
const OUTPUT = 1024 * 1024;

/** One .xz stream, by liblzma, which checks all that is in it. */
export class XzDecoder implements Disposable {
  readonly #liblzma: LZMAModule;
  readonly #stream: WasmLzmaStream;
  readonly #input: number;
  readonly #output: number;

  static async start(): Promise<XzDecoder> {
    return new XzDecoder(await liblzma());
  }

  private constructor(module: LZMAModule) {
    this.#liblzma = module;
    this.#stream = new WasmLzmaStream(module);
    this.#input = module._malloc(INPUT);
    this.#output = module._malloc(OUTPUT);
    const status = module._lzma_stream_decoder(this.#stream.ptr, MEMORY_LIMIT, 0);
    if (status !== LZMA_OK) throw xzError(status);
  }

  /**
   * What comes out of the stream's next bytes, in views that hold until the next is asked for.
   * @throws FormatError `xz-limit`, `xz-corrupt`.
   */
  *decode(bytes: Uint8Array): Generator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += INPUT) {
      this.#give(bytes.subarray(at, at + INPUT));
      for (let length = OUTPUT; length === OUTPUT;) {
        this.#stream.setOutput(this.#output, OUTPUT);
        const status = code(this.#stream, LZMA_RUN);
        if (status !== LZMA_OK && status !== LZMA_BUF_ERROR) throw xzError(status);
        length = OUTPUT - this.#stream.availOut;
        if (length > 0) yield this.#liblzma.HEAPU8.subarray(this.#output, this.#output + length);
      }
    }
  }

  /**
   * Takes index and footer, of which nothing comes out.
   * @throws FormatError `xz-corrupt` where the stream does not end with them.
   */
  finish(bytes: Uint8Array): void {
    this.#give(bytes);
    this.#stream.setOutput(this.#output, OUTPUT);
    const status = code(this.#stream, LZMA_FINISH);
    if (status !== LZMA_STREAM_END) throw xzError(status);
  }

  /** @param bytes at most INPUT. */
  #give(bytes: Uint8Array): void {
    this.#liblzma.HEAPU8.set(bytes, this.#input);
    this.#stream.setInput(this.#input, bytes.length);
  }

  [Symbol.dispose](): void {
    end(this.#stream);
    this.#stream.free();
    this.#liblzma._free(this.#input);
    this.#liblzma._free(this.#output);
  }
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
