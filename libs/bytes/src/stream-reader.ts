import { FormatError } from './format-error.ts';
import type { Source } from './source.ts';

/** Bytes that arrive piece by piece. The producer must not write to a piece afterwards. */
export type Chunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** How a stream reader names its faults. */
export interface StreamReaderOptions {
  /** What the stream is, for messages. */
  readonly section?: string;
  /** Code of the FormatError thrown when the stream ends too early; default `truncated`. */
  readonly code?: string;
}

/**
 * A cursor over bytes that arrive piece by piece, forwards only. It holds only the bytes that
 * `fill` asked for, and the rest of the last piece.
 */
export class StreamReader {
  readonly #iterator: AsyncIterator<Uint8Array> | Iterator<Uint8Array>;
  readonly #options: StreamReaderOptions;
  /** Bytes that arrived and are not read yet, in order. */
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #position = 0;
  #ended = false;

  constructor(chunks: Chunks, options: StreamReaderOptions = {}) {
    this.#iterator =
      Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]();
    this.#options = options;
  }

  /** Bytes read or skipped so far. */
  get position(): number {
    return this.#position;
  }

  /**
   * Waits until `count` bytes are at hand.
   * @returns false if the stream ends before; the bytes that arrived can be read.
   */
  async fill(count: number): Promise<boolean> {
    while (this.#heldBytes < count) {
      if (!(await this.#pull())) return false;
    }
    return true;
  }

  /** Whether the stream is at its end. */
  async isAtEnd(): Promise<boolean> {
    return !(await this.fill(1));
  }

  /** All bytes at hand, without reading them: at least as many as `fill` was asked for. */
  held(): Uint8Array {
    const [first] = this.#held;
    if (this.#held.length === 1 && first) return first;
    const all = Buffer.concat(this.#held, this.#heldBytes);
    this.#held = all.length > 0 ? [all] : [];
    return all;
  }

  /** Skips bytes at hand. */
  drop(count: number): void {
    if (count > this.#heldBytes) throw new RangeError(`${count} of ${this.#heldBytes} bytes`);
    this.#position += count;
    this.#heldBytes -= count;
    let left = count;
    let whole = 0;
    for (; left > 0; whole++) {
      const first = this.#held[whole];
      if (!first || first.length > left) break;
      left -= first.length;
    }
    this.#held.splice(0, whole);
    const [first] = this.#held;
    if (first && left > 0) this.#held[0] = first.subarray(left);
  }

  /** The next `count` bytes. Throws FormatError if the stream ends before. */
  async read(count: number): Promise<Uint8Array> {
    if (!(await this.fill(count))) this.#fail(count);
    const bytes = this.held().subarray(0, count);
    this.drop(count);
    return bytes;
  }

  /** Skips `count` bytes without holding them. Throws FormatError as `read` does. */
  async skip(count: number): Promise<void> {
    for (let left = count; left > 0;) {
      if (await this.isAtEnd()) this.#fail(left);
      const step = Math.min(left, this.#heldBytes);
      this.drop(step);
      left -= step;
    }
  }

  /** The next `count` bytes, piece by piece. Throws FormatError as `read` does. */
  async *take(count: number): AsyncGenerator<Uint8Array> {
    let left = count;
    while (left > 0) {
      if (await this.isAtEnd()) this.#fail(left);
      const chunk = this.#held[0]?.subarray(0, left) ?? new Uint8Array();
      this.drop(chunk.length);
      left -= chunk.length;
      yield chunk;
    }
  }

  /** Puts back bytes that were read last, to read them again. */
  unread(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#held.unshift(bytes);
    this.#heldBytes += bytes.length;
    this.#position -= bytes.length;
  }

  /** Everything that is left, piece by piece. */
  async *rest(): AsyncGenerator<Uint8Array> {
    while (!(await this.isAtEnd())) {
      const chunk = this.#held[0] ?? new Uint8Array();
      this.drop(chunk.length);
      yield chunk;
    }
  }

  /** Skips the rest: unpacked data is verified only when it is read to its end. */
  async drain(): Promise<void> {
    while (!(await this.isAtEnd())) this.drop(this.#heldBytes);
  }

  /** Closes the stream: tells its producer that no more bytes are wanted. */
  async close(): Promise<void> {
    this.#ended = true;
    await this.#iterator.return?.();
  }

  async #pull(): Promise<boolean> {
    if (this.#ended) return false;
    const next = await this.#iterator.next();
    if (next.done === true) {
      this.#ended = true;
      return false;
    }
    if (next.value.length > 0) {
      this.#held.push(next.value);
      this.#heldBytes += next.value.length;
    }
    return true;
  }

  #fail(count: number): never {
    const { section, code = 'truncated' } = this.#options;
    const offset = this.#position;
    const message = `${count} bytes needed, ${this.#heldBytes} left`;
    throw new FormatError(code, message, section === undefined ? { offset } : { section, offset });
  }
}

export interface ChunksOptions {
  readonly offset?: number;
  /** By default the rest. */
  readonly length?: number;
  /** Bytes of each chunk but the last, by default 256 KiB. */
  readonly chunk?: number;
}

/** Part of a source as chunks, for readers of streams. */
export function* chunksOf(source: Source, options: ChunksOptions = {}): Generator<Uint8Array> {
  const { offset = 0, chunk = 256 * 1024 } = options;
  const { length = source.size - offset } = options;
  for (let at = 0; at < length; at += chunk) {
    yield source.read(offset + at, Math.min(chunk, length - at));
  }
}
