import type {
  JobWorker,
  PullHandler,
  PullJob,
  PullOptions,
  PullProgress,
  PullQueue,
  PullState,
} from '@btf-depot/depot';
import { backoff } from '../options.ts';
import { rememberMiss, type MissTimes, type RememberedMiss } from './misses.ts';
import { fullPullOptions, type PullQueueOptions } from './options.ts';

interface Entry {
  readonly job: PullJob;
  progress?: PullProgress | undefined;
  attempts: number;
}

interface Worker {
  readonly handle: PullHandler;
  readonly concurrency: number;
  readonly active: Set<Promise<void>>;
  readonly stop: AbortController;
}

/** Build IDs whose misses are remembered. */
const MAX_MISSES = 10_000;

/** Pulls in memory, for one process. */
export class InProcessPulls implements PullQueue {
  readonly #options: ReturnType<typeof fullPullOptions>;
  readonly #missTimes: MissTimes;
  readonly #entries = new Map<string, Entry>();
  readonly #misses = new Map<string, RememberedMiss>();
  readonly #retries = new Set<NodeJS.Timeout>();
  #waiting: Entry[] = [];
  #workers: Worker[] = [];

  constructor(options: PullQueueOptions) {
    this.#options = fullPullOptions(options);
    this.#missTimes = this.#options.missTimes;
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- the port's: others ask a server
  async ask(
    buildId: string,
    { again = false, via = [], variables }: PullOptions = {},
  ): Promise<PullState> {
    if (again) this.#misses.delete(buildId);
    const known = this.#look(buildId);
    if (known) return known;
    if (this.#workers.length === 0 || this.#waiting.length >= this.#options.maxWaiting) {
      return { state: 'off' };
    }
    const entry = { job: { buildId, via, variables }, attempts: 0 };
    this.#entries.set(buildId, entry);
    this.#waiting.push(entry);
    this.#feed();
    return { state: 'queued' };
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- the port's: others ask a server
  async look(buildId: string): Promise<PullState | undefined> {
    return this.#look(buildId);
  }

  #look(buildId: string): PullState | undefined {
    const entry = this.#entries.get(buildId);
    if (entry?.progress) return { state: 'running', progress: entry.progress };
    if (entry) return { state: 'queued' };
    const miss = this.#misses.get(buildId);
    if (!miss || miss.until <= Date.now()) return undefined;
    return { state: 'missed', misses: miss.misses, until: miss.until };
  }

  work(handle: PullHandler, { concurrency = 1 }: { concurrency?: number } = {}): JobWorker {
    const worker = {
      handle,
      concurrency,
      active: new Set<Promise<void>>(),
      stop: new AbortController(),
    };
    this.#workers.push(worker);
    return {
      close: async () => {
        this.#workers = this.#workers.filter((other) => other !== worker);
        worker.stop.abort(new Error('the service is stopping'));
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

  // eslint-disable-next-line @typescript-eslint/require-await -- the port's: others end connections
  async close(): Promise<void> {
    for (const timer of this.#retries) clearTimeout(timer);
    this.#entries.clear();
    this.#waiting = [];
  }

  #feed(): void {
    for (const worker of this.#workers) {
      while (worker.active.size < worker.concurrency) {
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

  async #run({ handle, stop }: Worker, entry: Entry): Promise<void> {
    const { attempts, backoffMs, onError } = this.#options;
    const { job } = entry;
    const onProgress = (progress: PullProgress) => {
      entry.progress = progress;
    };
    onProgress({ stage: 'find', done: 0, total: 0, since: Date.now() });
    entry.attempts++;
    try {
      const outcome = await handle(job, { signal: stop.signal, onProgress });
      if (outcome === 'pulled') this.#misses.delete(job.buildId);
      else this.#remember(job.buildId, outcome);
      this.#entries.delete(job.buildId);
    } catch (error) {
      if (!stop.signal.aborted) onError(error as Error);
      if (stop.signal.aborted || entry.attempts >= attempts) {
        this.#entries.delete(job.buildId);
        return;
      }
      entry.progress = undefined;
      const timer = setTimeout(
        () => {
          this.#retries.delete(timer);
          this.#waiting.push(entry);
          this.#feed();
        },
        backoff(entry.attempts, backoffMs),
      );
      this.#retries.add(timer);
    }
  }

  #remember(buildId: string, misses: RememberedMiss['misses']): void {
    const before = this.#misses.get(buildId);
    this.#misses.delete(buildId);
    this.#misses.set(buildId, rememberMiss(misses, before, Date.now(), this.#missTimes));
    const [oldest] = this.#misses.keys();
    if (this.#misses.size > MAX_MISSES && oldest !== undefined) this.#misses.delete(oldest);
  }
}
