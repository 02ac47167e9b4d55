import {
  SingleFlight,
  type JobWorker,
  type MissFrom,
  type PullHandler,
  type PullJob,
  type PullOptions,
  type PullProgress,
  type PullQueue,
  type PullState,
} from '@btf-depot/depot';
import { Queue, type Job as BullJob } from 'bullmq';
import type { Redis } from 'ioredis';
import { BULLMQ_DEFAULTS } from '../bullmq-options.ts';
import { QueueUnavailable } from '../errors.ts';
import { connected, onceEach, producerConnection, type RedisAddress } from '../redis.ts';
import { startPullWorker, type FullPullOptions } from './bullmq-pull-worker.ts';
import { rememberMiss, type RememberedMiss } from './misses.ts';
import { fullPullOptions, type PullQueueOptions } from './options.ts';

export interface BullmqPullOptions extends PullQueueOptions, RedisAddress {
  /** Of every key in Redis: depots that share a Redis differ in it. */
  prefix?: string;
  /** Milliseconds without word of its worker after which a job is given to another one. */
  silenceMs?: number;
}

/** Without ':'. A queue of its own: older workers of the other one would fail its jobs. */
const PULL_QUEUE = 'pull';

/** A job's id may not be a number, which a build ID can look like. */
const idOf = (buildId: string) => `id-${buildId}`;

/** Pulls on BullMQ: one job for each build ID, in however many processes it is asked for. */
export class BullmqPulls implements PullQueue {
  readonly #options: FullPullOptions;
  readonly #redis: Redis;
  readonly #queue: Queue<PullJob>;
  readonly #connection = new SingleFlight(() => connected(this.#redis));

  constructor(options: BullmqPullOptions) {
    const { prefix, silenceMs } = BULLMQ_DEFAULTS;
    this.#options = { prefix, silenceMs, ...fullPullOptions(options) };
    this.#redis = producerConnection(this.#options);
    const { attempts, backoffMs, onError } = this.#options;
    this.#queue = new Queue<PullJob>(PULL_QUEUE, {
      connection: this.#redis,
      prefix: this.#options.prefix,
      skipVersionCheck: true,
      defaultJobOptions: {
        attempts,
        backoff: { type: 'exponential', delay: backoffMs },
        // A job that is kept makes `add` of the same id do nothing.
        removeOnComplete: true,
        removeOnFail: { age: 3600, count: 100 },
      },
    });
    this.#queue.on('error', onceEach(this.#redis, onError));
  }

  async ask(
    buildId: string,
    { again = false, via = [], variables }: PullOptions = {},
  ): Promise<PullState> {
    return this.#ask(`ask for ${buildId}`, async () => {
      if (again) await this.#redis.del(this.#missKey(buildId));
      const known = await this.#look(buildId);
      if (known) return known;
      const { waiting } = await this.#counts();
      const isWorking = (await this.#redis.exists(this.#workersKey)) === 1;
      if (!isWorking || waiting >= this.#options.maxWaiting) return { state: 'off' };
      const there = await this.#queue.getJob(idOf(buildId));
      // Where someone else was faster it runs by now, and is locked: then it is as wanted.
      if (there && (await there.isFailed())) await there.remove().catch(() => undefined);
      await this.#queue.add(PULL_QUEUE, { buildId, via, variables }, { jobId: idOf(buildId) });
      return { state: 'queued' };
    });
  }

  async look(buildId: string): Promise<PullState | undefined> {
    return this.#ask(`look for ${buildId}`, () => this.#look(buildId));
  }

  work(handle: PullHandler, { concurrency = 1 }: { concurrency?: number } = {}): JobWorker {
    return startPullWorker(handle, {
      ...this.#options,
      concurrency,
      workersKey: this.#workersKey,
      remember: (buildId, misses) => this.#remember(buildId, misses),
    });
  }

  counts() {
    return this.#ask('count the pulls', () => this.#counts());
  }

  async close(): Promise<void> {
    await this.#queue.close();
    this.#redis.disconnect();
  }

  async #look(buildId: string): Promise<PullState | undefined> {
    const job = await this.#queue.getJob(idOf(buildId));
    const state = job && (await stateOf(job));
    if (state) return state;
    const miss = await this.#missOf(buildId);
    if (!miss || miss.until <= Date.now()) return undefined;
    return { state: 'missed', misses: miss.misses, until: miss.until };
  }

  async #counts() {
    const counts = await this.#queue.getJobCounts('wait', 'active', 'delayed');
    const { wait: waiting = 0, active = 0, delayed = 0 } = counts;
    return { waiting, active, delayed };
  }

  get #workersKey(): string {
    return `${this.#options.prefix}:pull-workers`;
  }

  #missKey(buildId: string): string {
    return `${this.#options.prefix}:pull-miss:${buildId}`;
  }

  async #missOf(buildId: string): Promise<RememberedMiss | undefined> {
    const text = await this.#redis.get(this.#missKey(buildId));
    try {
      return text === null ? undefined : (JSON.parse(text) as RememberedMiss);
    } catch {
      return undefined;
    }
  }

  /** @param misses undefined: it was pulled. */
  async #remember(buildId: string, misses: readonly MissFrom[] | undefined): Promise<void> {
    const key = this.#missKey(buildId);
    if (!misses) {
      await this.#redis.del(key);
      return;
    }
    const now = Date.now();
    const miss = rememberMiss(misses, await this.#missOf(buildId), now, this.#options.missTimes);
    // Longer than it counts, so that the next one is known to be the next.
    await this.#redis.set(key, JSON.stringify(miss), 'PX', 2 * (miss.until - now) + 1000);
  }

  async #ask<T>(what: string, run: () => Promise<T>): Promise<T> {
    try {
      await this.#connection.run();
      return await run();
    } catch (cause) {
      throw new QueueUnavailable(`cannot ${what}: ${(cause as Error).message}`, { cause });
    }
  }
}

/** Undefined: it ended. */
async function stateOf(job: BullJob<PullJob>): Promise<PullState | undefined> {
  const state = await job.getState();
  if (state === 'active') return { state: 'running', progress: progressOf(job) };
  const isOver = state === 'completed' || state === 'failed' || state === 'unknown';
  return isOver ? undefined : { state: 'queued' };
}

function progressOf({ progress, processedOn }: BullJob<PullJob>): PullProgress {
  if (typeof progress === 'object' && 'stage' in progress) return progress as PullProgress;
  return { stage: 'find', done: 0, total: 0, since: processedOn ?? Date.now() };
}
