import { setTimeout as sleep } from 'node:timers/promises';
import { jobFor, jobId, type Job } from '@btf-depot/contracts';
import { startRedis, type RedisServer } from '@btf-depot/services';
import { describeWithServices } from '@btf-depot/services/testing';
import { buildIdOf } from '@btf-depot/testing';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { BullmqJobQueue } from './bullmq.ts';

const until = (check: () => void | Promise<void>): Promise<void> =>
  vi.waitFor(check, { timeout: 60_000, interval: 20 });

describeWithServices(['redis'], 'BullMQ on a Redis of its own', () => {
  let redis: RedisServer;
  let queue: BullmqJobQueue;
  let errors: Error[];
  const open = (): BullmqJobQueue =>
    new BullmqJobQueue({
      url: redis.url,
      attempts: 2,
      backoffMs: 20,
      onError: (error) => errors.push(error),
    });
  const someJob = (revision: number): Job => jobFor({ buildId: buildIdOf('outage'), revision });

  beforeEach(async () => {
    redis = await startRedis();
    errors = [];
    queue = open();
  });
  afterEach(async () => {
    await queue.close();
    await redis.stop();
  });

  it('adds nothing, and says so soon, while Redis is away; goes on when it is back', async () => {
    const ids: string[] = [];
    const worker = queue.work(async (job) => {
      ids.push(jobId(job));
      await Promise.resolve();
    });
    await queue.add(someJob(1));
    await until(() => expect(ids).toHaveLength(1));

    await redis.server.kill();
    const started = performance.now();
    await expect(queue.add(someJob(2))).rejects.toMatchObject({ code: 'queue-unavailable' });
    await expect(queue.check()).rejects.toMatchObject({ code: 'queue-unavailable' });
    expect(performance.now() - started).toBeLessThan(4000);
    await sleep(1000);

    await redis.server.restart();
    await until(() => queue.add(someJob(3)));
    await until(() => expect(ids).toEqual([1, 3].map((revision) => jobId(someJob(revision)))));
    await queue.check();
    await worker.close();
    // Each connection says once what is wrong with it, not at each of its attempts.
    expect(errors.length).toBeGreaterThan(0);
    expect(errors.length).toBeLessThan(10);
  });

  it('starts while Redis is away, and works as soon as it is there', async () => {
    await queue.close();
    await redis.server.kill();
    queue = open();
    let handled = 0;
    const worker = queue.work(async () => {
      handled++;
      await Promise.resolve();
    });
    await expect(queue.add(someJob(1))).rejects.toMatchObject({ code: 'queue-unavailable' });
    await redis.server.restart();
    await until(() => queue.add(someJob(1)));
    await until(() => expect(handled).toBe(1));
    await worker.close();
  });

  it('does not wait for a Redis that is silent', async () => {
    await queue.add(someJob(1));
    process.kill(redis.server.pid ?? 0, 'SIGSTOP');
    const started = performance.now();
    await expect(queue.add(someJob(2))).rejects.toMatchObject({ code: 'queue-unavailable' });
    await expect(queue.check()).rejects.toMatchObject({ code: 'queue-unavailable' });
    expect(performance.now() - started).toBeLessThan(8000);
    process.kill(redis.server.pid ?? 0, 'SIGCONT');
    await until(() => queue.check());
  });

  it('loses what Redis loses, and takes it again', async () => {
    await queue.add(someJob(1));
    await redis.flush();
    await queue.add(someJob(1));
    let handled = 0;
    const worker = queue.work(async () => {
      handled++;
      await Promise.resolve();
    });
    await until(() => expect(handled).toBe(1));
    await worker.close();
  });

  it('closes a worker, busy or not, while Redis is away', async () => {
    const gate = Promise.withResolvers<undefined>();
    let started = 0;
    const busy = queue.work(async () => {
      started++;
      await gate.promise;
    });
    await queue.add(someJob(1));
    await until(() => expect(started).toBe(1));
    const idle = queue.work(() => Promise.resolve());
    await redis.server.kill();
    const late = queue.work(() => Promise.resolve());
    const closing = Promise.all([busy, idle, late].map((worker) => worker.close()));
    let closed = false;
    void closing.then(() => (closed = true));
    await sleep(1000);
    expect(closed).toBe(false);
    gate.resolve(undefined);
    await closing;
  });
});
