import { setTimeout as sleep } from 'node:timers/promises';
import type { JobWorker, MissFrom, PullHandler, PullJob, PullProgress } from '@btf-depot/depot';
import { DelayedError, Worker, type Job as BullJob } from 'bullmq';
import { attemptError } from '../options.ts';
import { onceEach, trackedConnection, type RedisAddress } from '../redis.ts';
import type { PULL_QUEUE_DEFAULTS, PullQueueOptions } from './options.ts';

export type FullPullOptions = Required<Pick<PullQueueOptions, keyof typeof PULL_QUEUE_DEFAULTS>> &
  PullQueueOptions &
  RedisAddress & { prefix: string; silenceMs: number };

export interface PullWorkerOptions extends FullPullOptions {
  concurrency: number;
  /** Of the key that says that somebody works here. */
  workersKey: string;
  /** `undefined`: it was pulled. */
  remember: (buildId: string, misses: readonly MissFrom[] | undefined) => Promise<void>;
}

/** Milliseconds between two words of a worker; after three of them without one, there is none. */
const PRESENT_EVERY = 10_000;

/** Milliseconds between two words of how far a pull is. */
const PROGRESS_EVERY = 250;

/** Milliseconds for Redis to take the last results when a worker closes. */
const CLOSE_LIMIT = 5000;

/** How often a process may end in the middle of one pull, before that is given up. */
const MAX_CRASHES = 3;

export function startPullWorker(handle: PullHandler, options: PullWorkerOptions): JobWorker {
  const { prefix, concurrency, silenceMs, onError, remember, workersKey } = options;
  const { first: redis, end } = trackedConnection(options);
  const stop = new AbortController();

  const run = async (job: BullJob<PullJob>, token?: string): Promise<void> => {
    const report = reporter(job);
    const { buildId, via, variables } = job.data;
    try {
      stop.signal.throwIfAborted();
      const outcome = await handle(
        { buildId, via, variables },
        { signal: stop.signal, onProgress: report },
      );
      await remember(buildId, outcome === 'pulled' ? undefined : outcome);
    } catch (error) {
      if (!stop.signal.aborted) throw error;
      // For another process, at once.
      await job.moveToDelayed(Date.now(), token);
      throw new DelayedError();
    }
  };

  const worker = new Worker<PullJob>('pull', run, {
    connection: redis,
    prefix,
    concurrency,
    lockDuration: silenceMs,
    stalledInterval: silenceMs,
    maxStalledCount: MAX_CRASHES,
  });
  worker.on('error', onceEach(redis, onError));
  worker.on('failed', (job, cause) => {
    const { attempts = 1 } = job?.opts ?? {};
    onError(attemptError(job?.id ?? '?', job?.attemptsMade ?? 0, attempts, cause));
    if (!job || (job.attemptsMade < attempts && !cause.message.includes('stalled'))) return;
    const miss = { upstream: 'here', reason: 'internal', detail: cause.message } as const;
    remember(job.data.buildId, [miss]).catch(onError);
  });
  const present = () => {
    redis.set(workersKey, '', 'PX', 3 * PRESENT_EVERY).catch(() => undefined);
  };
  present();
  const timer = setInterval(present, PRESENT_EVERY).unref();

  return {
    async close() {
      clearInterval(timer);
      // Takes no new job, and waits for those that end with the signal.
      const closed = worker.close();
      stop.abort(new Error('the service is stopping'));
      await Promise.race([closed, sleep(CLOSE_LIMIT, undefined, { ref: false })]);
      end();
      await closed;
    },
  };
}

/** Tells Redis of a new stage at once, and of the rest now and then. */
function reporter(job: BullJob<PullJob>): (progress: PullProgress) => void {
  let said = 0;
  let stage = '';
  return (progress) => {
    const now = performance.now();
    const changes = `${progress.stage} ${progress.waitsFor?.join() ?? ''}`;
    if (changes === stage && now - said < PROGRESS_EVERY) return;
    [said, stage] = [now, changes];
    job.updateProgress(progress).catch(() => undefined);
  };
}
