import type { AnswerRoom, Steps } from '@btf-depot/depot';
import type { Body } from './answer-question.ts';
import type { Question } from './messages.ts';

/** A kernel opened for questions. */
export interface OpenKernel {
  /** Bytes. */
  memory: number;
  answer: (buildId: string, question: Question, room: AnswerRoom) => Steps<Body>;
}

/** Open kernels within a limit of memory: the least recently used goes. */
export class OpenKernels {
  readonly #maxBytes: number;
  /** In the order of their last use. */
  readonly #kernels = new Map<string, OpenKernel>();
  #memory = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get(key: string): OpenKernel | undefined {
    const kernel = this.#kernels.get(key);
    if (kernel) {
      this.#kernels.delete(key);
      this.#kernels.set(key, kernel);
    }
    return kernel;
  }

  /** The newest stays, however large: it has a waiting question. */
  keep(key: string, kernel: OpenKernel): void {
    this.#close(key);
    this.#kernels.set(key, kernel);
    this.#memory += kernel.memory;
    for (const oldest of this.#kernels.keys()) {
      if (this.#memory <= this.#maxBytes || oldest === key) break;
      this.#close(oldest);
    }
  }

  #close(key: string): void {
    this.#memory -= this.#kernels.get(key)?.memory ?? 0;
    this.#kernels.delete(key);
  }
}
