import { randomUUID } from 'node:crypto';
import { jobFor, jobId, JOB_VERSION, type Job } from '@btf-depot/contracts';
import { describeWithServices } from '@btf-depot/services/testing';
import { buildIdOf } from '@btf-depot/testing';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { QUEUE_NAME } from './bullmq-options.ts';
import { BullmqJobQueue } from './bullmq.ts';

const until = (check: () => Promise<void>): Promise<void> => vi.waitFor(check, { timeout: 60_000 });
const fails = (): Promise<void> => Promise.reject(new Error('always'));

describeWithServices(['redis'], 'what BullMQ keeps in Redis', ({ redis }) => {
  let queue: BullmqJobQueue;
  /** The same queue, as BullMQ's own tools see it. */
  let stored: Queue;
  let connection: Redis;
  const someJob = (revision: number): Job => jobFor({ buildId: buildIdOf('stored'), revision });

  beforeEach(() => {
    const prefix = randomUUID();
    const timing = { attempts: 2, backoffMs: 20 };
    queue = new BullmqJobQueue({ ...timing, url: redis.url, prefix, onError: () => undefined });
    connection = new Redis(redis.url, { maxRetriesPerRequest: null });
    stored = new Queue(QUEUE_NAME, { connection, prefix });
  });
  afterEach(async () => {
    await queue.close();
    await stored.close();
    connection.disconnect();
  });

  it('is nothing of a job that is done, and all of one that was given up', async () => {
    const worker = queue.work((job) => (job.revision === 1 ? Promise.resolve() : fails()));
    await queue.add(someJob(1));
    await queue.add(someJob(2));
    await until(async () =>
      expect(await stored.getJobCounts()).toMatchObject({ completed: 0, failed: 1 }),
    );
    await until(async () => expect(await stored.getJob(jobId(someJob(1)))).toBeUndefined());
    expect(await stored.getJob(jobId(someJob(2)))).toMatchObject({ failedReason: 'always' });
    await worker.close();
  });

  it('is one job when many add at the same moment what was given up', async () => {
    const worker = queue.work(fails);
    await queue.add(someJob(1));
    await until(async () => expect(await stored.getFailedCount()).toBe(1));
    await worker.close();
    await Promise.all(Array.from({ length: 20 }, () => queue.add(someJob(1))));
    expect(await stored.getJobCounts()).toMatchObject({ waiting: 1, failed: 0 });
  });

  it('is a job of a newer version, put back for later without an attempt', async () => {
    const newer = { ...someJob(1), version: JOB_VERSION + 1, later: true };
    await queue.add(newer);
    const worker = queue.work(() => Promise.resolve());
    await until(async () => expect(await stored.getDelayedCount()).toBe(1));
    const kept = await stored.getJob(jobId(newer));
    expect(kept).toMatchObject({ data: newer, attemptsMade: 0 });
    await worker.close();
  });

  it('is no job that someone else put there, tried once', async () => {
    await stored.add(QUEUE_NAME, { version: 1, buildId: '../..', revision: 1 }, { attempts: 9 });
    let handled = 0;
    const worker = queue.work(() => {
      handled++;
      return Promise.resolve();
    });
    await until(async () => expect(await stored.getFailedCount()).toBe(1));
    expect(handled).toBe(0);
    await worker.close();
  });
});
