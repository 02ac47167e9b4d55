import { Worker } from 'node:worker_threads';
import { FormatError } from '@btf-depot/bytes';
import type { BlockSizes } from './xz-format.ts';
import type { Answer, Question } from './xz-worker.ts';

/** Blocks of a thread: the one that it decodes, and one more, so that it need not wait. */
const BLOCKS = 2;

interface Given {
  /** Bytes, packed and unpacked. */
  readonly held: number;
  readonly content: Promise<Uint8Array>;
}

/** Threads that decode blocks; results are returned in the order of the blocks. */
export class XzThreads implements AsyncDisposable {
  readonly #threads: number;
  readonly #ahead: number;
  readonly #started: Thread[] = [];
  readonly #given: Given[] = [];
  #count = 0;

  /** @param options how many threads, and how many bytes they may have at one time. */
  constructor({ threads, ahead }: { threads: number; ahead: number }) {
    this.#threads = threads;
    this.#ahead = ahead;
  }

  /** Whether a block was given whose result was not taken yet. */
  get isBusy(): boolean {
    return this.#given.length > 0;
  }

  /** Whether it is not too large. */
  mayTake(sizes: BlockSizes): boolean {
    return this.#threads > 0 && heldFor(sizes) <= this.#ahead;
  }

  hasRoom(sizes: BlockSizes): boolean {
    const held = this.#given.reduce((sum, one) => sum + one.held, 0);
    return held + heldFor(sizes) <= this.#ahead && this.#given.length < BLOCKS * this.#threads;
  }

  /** @param block as a stream of its own; its memory is transferred. */
  give(block: Omit<Question, 'size'>, sizes: BlockSizes): void {
    const place = this.#count++ % this.#threads;
    const thread = (this.#started[place] ??= new Thread());
    const content = thread.decode({ ...block, size: sizes.unpacked });
    // Nobody may be left to take the result.
    content.catch(() => undefined);
    this.#given.push({ held: heldFor(sizes), content });
  }

  /** The content of the oldest block. Throws FormatError. */
  async next(): Promise<Uint8Array> {
    const first = this.#given[0];
    if (!first) throw new RangeError('no block was given');
    const bytes = await first.content;
    this.#given.shift();
    return bytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#started.map((thread) => thread.end()));
  }
}

function heldFor({ unpadded, unpacked }: BlockSizes): number {
  return unpadded + unpacked;
}

class Thread {
  readonly #worker = new Worker(new URL('./xz-worker.ts', import.meta.url));
  readonly #waiting: PromiseWithResolvers<Uint8Array>[] = [];

  constructor() {
    this.#worker.on('message', (answer: Answer) => {
      const asked = this.#waiting.shift();
      if ('bytes' in answer) asked?.resolve(answer.bytes);
      else asked?.reject(new FormatError(answer.code, answer.message));
    });
    this.#worker.on('error', (error) => {
      for (const asked of this.#waiting.splice(0)) asked.reject(error);
    });
  }

  decode(question: Question): Promise<Uint8Array> {
    const asked = Promise.withResolvers<Uint8Array>();
    this.#waiting.push(asked);
    this.#worker.postMessage(question, [question.stream.buffer]);
    return asked.promise;
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}
