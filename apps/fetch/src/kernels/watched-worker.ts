import { Worker } from 'node:worker_threads';
import type { Reply, Request, ThreadData } from './messages.ts';

/** Milliseconds between two checks of the thread. */
const LOOK = 200;

/**
 * Wall time for each unit of the processor's limit: on a busy machine a thread runs rarely. After
 * this multiple of the limit, it ends in any case.
 */
const PATIENCE = 20;

export interface WorkerOptions extends Omit<ThreadData, 'running'> {
  /** Bytes of its heap. */
  memory: number;
  script: URL;
}

/** Why a thread ended, and the id of its question: 0 for none. */
export interface ThreadEnd {
  why: 'time' | 'memory' | 'fault';
  running: number;
  error: unknown;
}

/** A worker thread with limits. It is ended if one step takes too long. */
export class WatchedWorker {
  readonly #worker: Worker;
  readonly #options: WorkerOptions;
  readonly #running = new Int32Array(new SharedArrayBuffer(8));
  readonly #watch: NodeJS.Timeout;
  #seen: { id: number; step: number; at: number; processor: number } | undefined;

  /** @param on called for replies, and once for the end. */
  constructor(
    options: WorkerOptions,
    on: { reply: (reply: Reply) => void; end: (end: ThreadEnd) => void },
  ) {
    const { memory, script, ...data } = options;
    this.#options = options;
    const workerData: ThreadData = { ...data, running: this.#running };
    this.#worker = new Worker(script, {
      workerData,
      resourceLimits: { maxOldGenerationSizeMb: Math.ceil(memory / 2 ** 20) },
    });
    // It ends with the process.
    this.#worker.unref();
    this.#watch = setInterval(() => void this.#look(), LOOK).unref();
    let isOver = false;
    const end = (why: ThreadEnd['why'], error: unknown) => {
      if (isOver) return;
      isOver = true;
      clearInterval(this.#watch);
      on.end({ why, running: this.#running[0], error });
    };
    this.#worker.on('message', (reply: Reply) => {
      if (!isOver) on.reply(reply);
    });
    this.#worker.on('error', (error: Error & { code?: string }) =>
      end(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'memory' : 'fault', error),
    );
    this.#worker.on('exit', (code) =>
      end(this.#isStuck ? 'time' : 'fault', new Error(`the kernel thread ended: ${code}`)),
    );
  }

  post(request: Request): void {
    this.#worker.postMessage(request);
  }

  #isStuck = false;

  /** Ends the thread if it has been at the same step for too long. */
  async #look(): Promise<void> {
    const [id, step] = this.#running;
    const { questionTime } = this.#options;
    if (id === 0 || this.#seen?.id !== id || this.#seen.step !== step) {
      const at = performance.now();
      this.#seen = { id, step, at, processor: 0 };
      this.#seen.processor = await this.#processorTime();
      return;
    }
    const { at, processor } = this.#seen;
    const passed = performance.now() - at;
    if (passed < questionTime) return;
    const isTooLong =
      passed > questionTime * PATIENCE || (await this.#processorTime()) - processor > questionTime;
    // It may have reached the next step meanwhile.
    if (!isTooLong || this.#running[0] !== id || this.#running[1] !== step) return;
    this.#isStuck = true;
    clearInterval(this.#watch);
    await this.#worker.terminate();
  }

  /** Processor milliseconds of the thread; 0 if it does not run. */
  async #processorTime(): Promise<number> {
    const usage = await this.#worker.cpuUsage().catch(() => undefined);
    return usage ? (usage.user + usage.system) / 1000 : 0;
  }
}
