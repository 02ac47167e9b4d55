import { setTimeout as sleep } from 'node:timers/promises';
import { jobSchema, JOB_VERSION, type Job } from '@btf-depot/contracts';
import type { JobHandler, JobWorker } from '@btf-depot/depot';
import { DelayedError, UnrecoverableError, Worker, type Job as BullJob } from 'bullmq';
import { QUEUE_NAME, type FullOptions } from './bullmq-options.ts';
import { attemptError } from './options.ts';
import { onceEach, trackedConnection } from './redis.ts';

/**
 * Milliseconds for which a job of a newer version stays away from older workers. Then an older one
 * may get it again; on average it takes this long for each of them beside a newer one.
 */
const NEWER_DELAY = 2000;

/** Milliseconds for Redis to take the last results when a worker closes. */
const CLOSE_LIMIT = 5000;

export function startBullmqWorker(
  handle: JobHandler,
  options: FullOptions & { concurrency: number },
): JobWorker {
  const { prefix, concurrency, silenceMs, onError } = options;
  const connections = trackedConnection(options);
  const running = new Set<Promise<void>>();

  const run = async (job: BullJob<Job>, token?: string): Promise<void> => {
    if (job.data.version > JOB_VERSION) {
      await job.moveToDelayed(Date.now() + NEWER_DELAY, token);
      throw new DelayedError();
    }
    const { data, error } = jobSchema.safeParse(job.data);
    if (error) throw new UnrecoverableError(`not a job: ${error.message}`);
    const handled = handle(data, {
      last: job.attemptsMade + 1 >= attemptsOf(job),
      crashes: job.stalledCounter,
    });
    running.add(handled);
    try {
      await handled;
    } finally {
      running.delete(handled);
    }
  };

  const worker = new Worker<Job>(QUEUE_NAME, run, {
    connection: connections.first,
    prefix,
    concurrency,
    lockDuration: silenceMs,
    stalledInterval: silenceMs,
    // The handler counts crashes and ends the job itself: if BullMQ did, no record would say so,
    // and the sweeper would add the job again for ever.
    maxStalledCount: Number.MAX_SAFE_INTEGER,
  });
  worker.on('error', onceEach(connections.first, onError));
  worker.on('failed', (job, cause) =>
    onError(attemptError(job?.id ?? '?', job?.attemptsMade ?? 0, job ? attemptsOf(job) : 0, cause)),
  );

  return {
    async close() {
      const closed = worker.close();
      while (running.size > 0) await Promise.allSettled(running);
      // If Redis is away, the last results wait for it; closing does not. The records have them.
      await Promise.race([closed, sleep(CLOSE_LIMIT, undefined, { ref: false })]);
      connections.end();
      await closed;
    },
  };
}

/** As set by the process that added the job: its settings may differ from ours. */
function attemptsOf(job: BullJob<Job>): number {
  return job.opts.attempts ?? 1;
}
