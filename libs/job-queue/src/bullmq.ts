import { jobId, jobSchema, type Job } from '@btf-depot/contracts';
import { SingleFlight, type JobHandler, type JobQueue, type JobWorker } from '@btf-depot/depot';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import {
  BULLMQ_DEFAULTS,
  QUEUE_NAME,
  type BullmqOptions,
  type FullOptions,
} from './bullmq-options.ts';
import { startBullmqWorker } from './bullmq-worker.ts';
import { QueueUnavailable, UnfitQueue } from './errors.ts';
import { inspectRedis } from './inspect-redis.ts';
import { connected, onceEach, producerConnection } from './redis.ts';

/** Seconds, and number: failed jobs are kept for people to look at. */
const KEEP_FAILED = { age: 7 * 24 * 3600, count: 1000 };

/** Milliseconds for which Redis keeps the key of a check. */
const CHECK_LASTS = 60_000;

/** The queue on BullMQ. Adding fails fast if Redis is away; workers wait until it is back. */
export class BullmqJobQueue implements JobQueue {
  readonly #options: FullOptions;
  readonly #redis: Redis;
  readonly #queue: Queue<Job>;
  readonly #connection = new SingleFlight(() => connected(this.#redis));

  constructor(options: BullmqOptions) {
    this.#options = { ...BULLMQ_DEFAULTS, ...options };
    const { prefix, attempts, backoffMs, onError } = this.#options;
    this.#redis = producerConnection(this.#options);
    this.#queue = new Queue<Job>(QUEUE_NAME, {
      connection: this.#redis,
      prefix,
      // A separate command: if it were cut off inside another one, the queue would stay unusable.
      skipVersionCheck: true,
      defaultJobOptions: {
        attempts,
        backoff: { type: 'exponential', delay: backoffMs },
        // A kept job makes `add` of the same id do nothing.
        removeOnComplete: true,
        removeOnFail: KEEP_FAILED,
      },
    });
    this.#queue.on('error', onceEach(this.#redis, onError));
  }

  async add(job: Job): Promise<void> {
    const checked = jobSchema.parse(job);
    const id = jobId(checked);
    await this.#ask(`add job ${id}`, async () => {
      const there = await this.#queue.getJob(id);
      if (there && (await there.isFailed())) {
        // If another process was faster, the job runs by now and is locked: as wanted.
        await there.remove().catch(async (error: unknown) => {
          if (await there.isFailed()) throw error;
        });
      }
      await this.#queue.add(QUEUE_NAME, checked, { jobId: id });
    });
  }

  work(handle: JobHandler, { concurrency = 1 }: { concurrency?: number } = {}): JobWorker {
    return startBullmqWorker(handle, { ...this.#options, concurrency });
  }

  async counts() {
    return this.#ask('count the jobs', async () => {
      const counts = await this.#queue.getJobCounts('wait', 'active', 'delayed');
      const { wait: waiting = 0, active = 0, delayed = 0 } = counts;
      return { waiting, active, delayed };
    });
  }

  async longestWait(): Promise<number> {
    return this.#ask('read the job that waits longest', async () => {
      const [first] = await this.#queue.getJobs('wait', 0, 0, true);
      return first ? Math.max(0, Date.now() - first.timestamp) : 0;
    });
  }

  /** For tools that know BullMQ. */
  get bullmq(): Queue<Job> {
    return this.#queue;
  }

  /**
   * Checks the server once, at the start.
   * @returns warnings: it may evict, or does not answer yet.
   * @throws UnfitQueue for a server that can never hold the queue.
   */
  async inspect(): Promise<string[]> {
    try {
      return await this.#ask('look at the queue', () => inspectRedis(this.#redis));
    } catch (error) {
      if (error instanceof QueueUnavailable && error.cause instanceof UnfitQueue) throw error.cause;
      return [(error as Error).message];
    }
  }

  /** It writes: a replica, a full Redis and a Sentinel answer a PING as if they took jobs. */
  async check(): Promise<void> {
    const key = `${this.#options.prefix}:writable`;
    await this.#ask('write to the queue', () => this.#redis.set(key, '', 'PX', CHECK_LASTS));
  }

  async close(): Promise<void> {
    await this.#queue.close();
    this.#redis.disconnect();
  }

  async #ask<T>(what: string, run: () => Promise<T>): Promise<T> {
    try {
      // One wait for all callers meanwhile.
      await this.#connection.run();
      return await run();
    } catch (cause) {
      throw new QueueUnavailable(`cannot ${what}: ${(cause as Error).message}`, { cause });
    }
  }
}
