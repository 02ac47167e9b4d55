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

/** Bytes of a decoder's dictionary: `xz -9` needs 65 MiB, kernels up to 128. */
const MEMORY_LIMIT = 192n * 1024n * 1024n;

const INPUT = 256 * 1024;
const OUTPUT = 1024 * 1024;

/** One stream of .xz or of LZMA_alone, decoded and checked by liblzma. */
export class LiblzmaDecoder implements Disposable {
  readonly #liblzma: LZMAModule;
  readonly #format: 'xz' | 'lzma';
  readonly #stream: WasmLzmaStream;
  readonly #input: number;
  readonly #output: number;
  #isDone = false;

  static async start(format: 'xz' | 'lzma'): Promise<LiblzmaDecoder> {
    return new LiblzmaDecoder(await liblzma(), format);
  }

  private constructor(module: LZMAModule, format: 'xz' | 'lzma') {
    this.#liblzma = module;
    this.#format = format;
    this.#stream = new WasmLzmaStream(module);
    this.#input = module._malloc(INPUT);
    this.#output = module._malloc(OUTPUT);
    // The WebAssembly build exports no lzma_alone_decoder; lzma_auto_decoder handles that format
    // too.
    const { ptr } = this.#stream;
    const status =
      format === 'xz'
        ? module._lzma_stream_decoder(ptr, MEMORY_LIMIT, 0)
        : module._lzma_auto_decoder(ptr, MEMORY_LIMIT, 0);
    if (status !== LZMA_OK) throw this.#fault(status);
  }

  /** Whether the stream's end was decoded. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /**
   * Decodes the stream's next bytes, into views that hold until the next one is asked for.
   * @returns how many of the bytes were used: fewer than there are if the stream ends before.
   * @throws FormatError `<format>-limit`, `<format>-corrupt`.
   */
  *decode(bytes: Uint8Array): Generator<Uint8Array, number> {
    for (let at = 0; at < bytes.length; at += INPUT) {
      this.#give(bytes.subarray(at, at + INPUT));
      for (let length = OUTPUT; length === OUTPUT;) {
        this.#stream.setOutput(this.#output, OUTPUT);
        const status = code(this.#stream, LZMA_RUN);
        this.#isDone = status === LZMA_STREAM_END;
        const isOk = status === LZMA_OK || status === LZMA_BUF_ERROR;
        // For .xz, the reader consumes the end with `finish`.
        if (!isOk && !(this.#isDone && this.#format === 'lzma')) throw this.#fault(status);
        length = OUTPUT - this.#stream.availOut;
        if (length > 0) yield this.#liblzma.HEAPU8.subarray(this.#output, this.#output + length);
        if (this.#isDone) return Math.min(at + INPUT, bytes.length) - this.#stream.availIn;
      }
    }
    return bytes.length;
  }

  /**
   * Consumes index and footer of .xz, which have no content.
   * @throws FormatError `xz-corrupt` if the stream does not end with them.
   */
  finish(bytes: Uint8Array): void {
    this.#give(bytes);
    this.#stream.setOutput(this.#output, OUTPUT);
    const status = code(this.#stream, LZMA_FINISH);
    if (status !== LZMA_STREAM_END) throw this.#fault(status);
  }

  /** @param bytes at most INPUT. */
  #give(bytes: Uint8Array): void {
    this.#liblzma.HEAPU8.set(bytes, this.#input);
    this.#stream.setInput(this.#input, bytes.length);
  }

  #fault(status: number): Error {
    const format = this.#format;
    switch (status) {
      case LZMA_MEMLIMIT_ERROR:
      case LZMA_MEM_ERROR:
        return new FormatError(
          `${format}-limit`,
          `the decoder wants more than ${MEMORY_LIMIT} bytes`,
        );
      case LZMA_PROG_ERROR:
        return new Error('liblzma was called wrongly');
      default:
        return new FormatError(`${format}-corrupt`, `not a sound ${format} stream (${status})`);
    }
  }

  [Symbol.dispose](): void {
    end(this.#stream);
    this.#stream.free();
    this.#liblzma._free(this.#input);
    this.#liblzma._free(this.#output);
  }
}
