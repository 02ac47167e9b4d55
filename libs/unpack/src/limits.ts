import { FormatError, type Chunks } from '@btf-depot/bytes';

/** Limits of one `unpack`, for any input. */
export interface UnpackLimits {
  /** Members of all archives together. */
  readonly members: number;
  /** Kernels, and BTFs instead of kernels; further ones are passed over. */
  readonly kernels: number;
  /** Nested containers: a .deb, its tar, a vmlinuz and its payload are four. */
  readonly nesting: number;
  /** Output of all compressed streams together, in bytes. */
  readonly unpacked: number;
  /** Bytes passed to the store, all files together. */
  readonly stored: number;
  /** Output of a stream divided by its input, above 64 MiB; kernels reach 3 to 15. */
  readonly ratio: number;
}

/** The largest package known, debug information of all modules, unpacks to some 6 GB. */
export const UNPACK_LIMITS = {
  members: 200_000,
  kernels: 16,
  nesting: 6,
  unpacked: 16 * 2 ** 30,
  stored: 4 * 2 ** 30,
  ratio: 200,
} as const satisfies UnpackLimits;

const RATIO_FROM = 64 * 2 ** 20;

/** Counts the use of one `unpack`. Every method throws FormatError `unpack-limit`. */
export class Budget {
  readonly #limits: UnpackLimits;
  readonly kernels: number;
  #members = 0;
  #unpacked = 0;
  #stored = 0;

  constructor(limits: UnpackLimits) {
    this.#limits = limits;
    this.kernels = limits.kernels;
  }

  nest(depth: number): void {
    if (depth > this.#limits.nesting) {
      throw tooMuch(`more than ${this.#limits.nesting} containers inside one another`);
    }
  }

  member(): void {
    if (++this.#members > this.#limits.members) {
      throw tooMuch(`more than ${this.#limits.members} members`);
    }
  }

  /** Most output of a stream of that many packed bytes. */
  mayUnpack(packed: number): number {
    const byRatio = Math.max(RATIO_FROM, packed * this.#limits.ratio);
    return Math.min(byRatio, this.#limits.unpacked - this.#unpacked);
  }

  /** Passes on the output of a compressed stream. */
  async *unpacking(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      this.#unpacked += chunk.length;
      yield chunk;
    }
  }

  /** Whether the store may get that many more bytes. */
  mayStore(size: number): boolean {
    return this.#stored + size <= this.#limits.stored;
  }

  /** Passes a stream on to the store. */
  async *storing(chunks: Chunks): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      this.#stored += chunk.length;
      if (this.#stored > this.#limits.stored) {
        throw tooMuch(`more than ${this.#limits.stored} bytes to keep`);
      }
      yield chunk;
    }
  }
}

function tooMuch(message: string): FormatError {
  return new FormatError('unpack-limit', message);
}

/** Whether an error is a reached limit: then nothing else is tried. */
export function isLimit(error: unknown): boolean {
  return error instanceof FormatError && error.code.endsWith('-limit');
}
