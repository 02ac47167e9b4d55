import { jobId, jobSchema, JOB_VERSION, type Job } from '@btf-depot/contracts';
import type { JobHandler, JobQueue, JobWorker } from '@btf-depot/depot';
import { attemptError, backoff, JOB_QUEUE_DEFAULTS, type JobQueueOptions } from './options.ts';

interface Entry {
  readonly job: Job;
  readonly id: string;
  readonly added: number;
  /** How often the job was started. */
  attempts: number;
}

interface Worker {
  readonly handle: JobHandler;
  readonly concurrency: number;
  readonly active: Set<Promise<void>>;
  closed: boolean;
}

/**
 * A queue in memory, for one process: jobs lost on exit are found in the records by the sweeper.
 */
export class InProcessJobQueue implements JobQueue {
  readonly #options: Required<JobQueueOptions>;
  /** Every job that has not ended: waiting, running, or about to be retried. */
  readonly #entries = new Map<string, Entry>();
  #waiting: Entry[] = [];
  readonly #retries = new Set<NodeJS.Timeout>();
  #workers: Worker[] = [];
  #closed = false;

  constructor(options: JobQueueOptions) {
    this.#options = { ...JOB_QUEUE_DEFAULTS, ...options };
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- a bad job is a rejection, not a throw
  async add(job: Job): Promise<void> {
    const checked = jobSchema.parse(job);
    if (this.#closed) throw new Error('the queue is closed');
    const id = jobId(checked);
    if (this.#entries.has(id)) return;
    const entry = { job: checked, id, added: performance.now(), attempts: 0 };
    this.#entries.set(id, entry);
    // A job of a newer version is kept for a worker that knows it.
    if (checked.version <= JOB_VERSION) this.#enqueue(entry);
  }

  work(handle: JobHandler, { concurrency = 1 }: { concurrency?: number } = {}): JobWorker {
    const worker: Worker = { handle, concurrency, active: new Set(), closed: false };
    this.#workers.push(worker);
    this.#feed();
    return {
      close: async () => {
        worker.closed = true;
        this.#workers = this.#workers.filter((other) => other !== worker);
        await Promise.all(worker.active);
      },
    };
  }

  counts() {
    return Promise.resolve({
      waiting: this.#waiting.length,
      active: this.#workers.reduce((sum, { active }) => sum + active.size, 0),
      delayed: this.#retries.size,
    });
  }

  longestWait() {
    const now = performance.now();
    const longest = (wait: number, { added }: Entry) => Math.max(wait, now - added);
    return Promise.resolve(this.#waiting.reduce(longest, 0));
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- the port's: others ask a server
  async check(): Promise<void> {
    if (this.#closed) throw new Error('the queue is closed');
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- the port's: others end connections
  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#retries) clearTimeout(timer);
    this.#retries.clear();
    this.#waiting = [];
    this.#entries.clear();
  }

  #enqueue(entry: Entry): void {
    this.#waiting.push(entry);
    this.#feed();
  }

  #feed(): void {
    for (const worker of this.#workers) {
      while (!worker.closed && worker.active.size < worker.concurrency) {
        const entry = this.#waiting.shift();
        if (!entry) return;
        const run = this.#run(worker, entry).finally(() => {
          worker.active.delete(run);
          this.#feed();
        });
        worker.active.add(run);
      }
    }
  }

  async #run(worker: Worker, entry: Entry): Promise<void> {
    const { attempts, backoffMs, onError } = this.#options;
    entry.attempts++;
    const last = entry.attempts >= attempts;
    try {
      // The handler starts in a later turn, so that adding a job does not wait for it.
      await Promise.resolve();
      // A crash ends this process, and with it the queue.
      await worker.handle(entry.job, { last, crashes: 0 });
      this.#entries.delete(entry.id);
    } catch (error) {
      onError(attemptError(entry.id, entry.attempts, attempts, error));
      if (last) this.#entries.delete(entry.id);
      else this.#retry(entry, backoff(entry.attempts, backoffMs));
    }
  }

  #retry(entry: Entry, delay: number): void {
    if (this.#closed) return;
    const timer = setTimeout(() => {
      this.#retries.delete(timer);
      this.#enqueue(entry);
    }, delay);
    this.#retries.add(timer);
  }
}
