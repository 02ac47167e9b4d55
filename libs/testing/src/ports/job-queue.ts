import { setTimeout as sleep } from 'node:timers/promises';
import { JOB_VERSION, jobFor, jobId, type Job } from '@btf-depot/contracts';
import type { Attempt, JobQueue, JobWorker } from '@btf-depot/depot';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { buildIdOf } from '../builders.ts';
import { HOSTILE_NAMES } from './hostile.ts';

export interface QueueUnderTest {
  queue: JobQueue;
  /** The errors that the queue reported. */
  errors: Error[];
  /** Closes the queue and removes its remains. */
  dispose(): Promise<void>;
}

/** Options set by the suite, so that it need not wait for the defaults. */
export interface QueueTiming {
  attempts: number;
  backoffMs: number;
}

/** The promises of every JobQueue. `makeQueue` opens an empty queue for each test. */
export function describeJobQueue(
  name: string,
  makeQueue: (timing: QueueTiming) => Promise<QueueUnderTest>,
): void {
  const timing = { attempts: 3, backoffMs: 50 };
  // Longer than any expected event takes, to see that something does not happen.
  const quiet = (): Promise<void> => sleep(250);
  const until = (check: () => void | Promise<void>): Promise<void> =>
    vi.waitFor(check, { timeout: 60_000, interval: 5 });

  describe(`${name} as a JobQueue`, () => {
    let under: QueueUnderTest;
    let queue: JobQueue;
    let workers: JobWorker[];

    beforeEach(async () => {
      under = await makeQueue(timing);
      queue = under.queue;
      workers = [];
    });
    afterEach(async () => {
      await Promise.all(workers.map((worker) => worker.close()));
      await under.dispose();
    });

    /** Starts a worker that is closed after the test. */
    const work: JobQueue['work'] = (handle, options) => {
      const worker = queue.work(handle, options);
      workers.push(worker);
      return worker;
    };
    /** Starts a worker that records its jobs. */
    const record = (): string[] => {
      const ids: string[] = [];
      work(async (job) => {
        ids.push(jobId(job));
        await Promise.resolve();
      });
      return ids;
    };
    const someJob = (seed: string, revision = 1): Job =>
      jobFor({ buildId: buildIdOf(seed), revision });
    const job = someJob('one');

    it('hands a job to the worker once, as it was added', async () => {
      const handled: Job[] = [];
      work(async (given) => {
        handled.push(given);
        await Promise.resolve();
      });
      await queue.add(job);
      await until(() => expect(handled).toHaveLength(1));
      await quiet();
      expect(handled).toEqual([job]);
      expect(under.errors).toEqual([]);
    });

    it('tells the first attempt that it is neither the last nor after a crash', async () => {
      const attempts: Attempt[] = [];
      work(async (_, attempt) => {
        attempts.push(attempt);
        await Promise.resolve();
      });
      await queue.add(job);
      await until(() => expect(attempts).toEqual([{ last: false, crashes: 0 }]));
    });

    it('says how long the job that waits longest has waited', async () => {
      expect(await queue.longestWait()).toBe(0);
      await queue.add(job);
      await sleep(50);
      await queue.add(someJob('two'));
      expect(await queue.longestWait()).toBeGreaterThanOrEqual(45);
      const ids = record();
      await until(() => expect(ids).toHaveLength(2));
      await until(async () => expect(await queue.longestWait()).toBe(0));
    });

    it('counts the jobs that wait, run, and wait to be tried again', async () => {
      expect(await queue.counts()).toEqual({ waiting: 0, active: 0, delayed: 0 });
      await queue.add(job);
      expect(await queue.counts()).toMatchObject({ waiting: 1, active: 0 });
      const gate = Promise.withResolvers<undefined>();
      work(() => gate.promise.then(() => Promise.reject(new Error('later'))));
      await until(async () =>
        expect(await queue.counts()).toMatchObject({ waiting: 0, active: 1 }),
      );
      gate.resolve(undefined);
      await until(async () =>
        expect(await queue.counts()).toMatchObject({ active: 0, delayed: 1 }),
      );
    });

    it('keeps jobs that were added before there was a worker, and their order', async () => {
      const jobs = [1, 2, 3, 4].map((revision) => someJob('early', revision));
      for (const early of jobs) await queue.add(early);
      const ids = record();
      await until(() => expect(ids).toHaveLength(4));
      expect(ids).toEqual(jobs.map(jobId));
    });

    it('runs a job once if it was added twice while it waited', async () => {
      await queue.add(job);
      await queue.add(job);
      const ids = record();
      await until(() => expect(ids).toHaveLength(1));
      await quiet();
      expect(ids).toHaveLength(1);
    });

    it('runs a job once if it was added again while it ran', async () => {
      const gate = Promise.withResolvers<undefined>();
      let started = 0;
      work(async () => {
        started++;
        await gate.promise;
      });
      await queue.add(job);
      await until(() => expect(started).toBe(1));
      await queue.add(job);
      gate.resolve(undefined);
      await quiet();
      expect(started).toBe(1);
    });

    it('runs a job anew if it is added again after it was done', async () => {
      const ids = record();
      for (let times = 1; times <= 3; times++) {
        await until(async () => {
          await queue.add(job);
          expect(ids.length).toBeGreaterThanOrEqual(times);
        });
      }
    });

    it('takes revisions of one kernel for different jobs', async () => {
      const ids = record();
      await queue.add(someJob('one', 1));
      await queue.add(someJob('one', 2));
      await until(() => expect(ids).toHaveLength(2));
    });

    it('tries a failing job again, later each time, says which attempt is the last, and gives up', async () => {
      const attempts: { last: boolean; at: number }[] = [];
      work((_, { last }) => {
        attempts.push({ last, at: performance.now() });
        return Promise.reject(new Error('the handler fails'));
      });
      await queue.add(job);
      await until(() => expect(under.errors).toHaveLength(3));
      await quiet();
      expect(attempts.map(({ last }) => last)).toEqual([false, false, true]);
      const [first, second, third] = attempts.map(({ at }) => at) as [number, number, number];
      // Timers may fire slightly early.
      expect(second - first).toBeGreaterThan(timing.backoffMs - 5);
      expect(third - second).toBeGreaterThan(2 * timing.backoffMs - 5);
      expect(under.errors[2]?.message).toContain(jobId(job));
      expect(under.errors[2]?.cause).toMatchObject({ message: 'the handler fails' });
    });

    it('does not try a job again that succeeds at the second attempt', async () => {
      let tries = 0;
      work(() => {
        tries++;
        return tries === 1 ? Promise.reject(new Error('once')) : Promise.resolve();
      });
      await queue.add(job);
      await until(() => expect(tries).toBe(2));
      await quiet();
      expect(tries).toBe(2);
      expect(under.errors).toHaveLength(1);
    });

    it('leaves a job unchanged if it is added again between two attempts', async () => {
      let tries = 0;
      work(() => {
        tries++;
        return Promise.reject(new Error('always'));
      });
      await queue.add(job);
      await until(() => expect(under.errors).toHaveLength(1));
      await queue.add(job);
      await until(() => expect(under.errors).toHaveLength(3));
      await quiet();
      expect(tries).toBe(3);
    });

    it('runs a job anew, with all its attempts, if it is added again after it was given up', async () => {
      const lasts: boolean[] = [];
      work((_, { last }) => {
        lasts.push(last);
        return Promise.reject(new Error('always'));
      });
      await queue.add(job);
      await until(() => expect(under.errors).toHaveLength(3));
      await until(async () => {
        await queue.add(job);
        expect(under.errors.length).toBeGreaterThan(3);
      });
      await until(() => expect(lasts).toHaveLength(6));
      expect(lasts.slice(3)).toEqual([false, false, true]);
    });

    it('goes on with other jobs while one fails', async () => {
      const done: string[] = [];
      work((given) => {
        if (jobId(given) === jobId(job)) return Promise.reject(new Error('always'));
        done.push(jobId(given));
        return Promise.resolve();
      });
      await queue.add(job);
      await queue.add(someJob('two'));
      await until(() => expect(done).toEqual([jobId(someJob('two'))]));
    });

    it.each([1, 3])('runs %i jobs at one time and no more', async (concurrency) => {
      let running = 0;
      let most = 0;
      let done = 0;
      work(
        async () => {
          most = Math.max(most, ++running);
          await sleep(20);
          running--;
          done++;
        },
        { concurrency },
      );
      await Promise.all([1, 2, 3, 4, 5, 6, 7].map((revision) => queue.add(someJob('c', revision))));
      await until(() => expect(done).toBe(7));
      expect(most).toBe(concurrency);
    });

    it('shares the jobs among workers, each job once', async () => {
      const ids = [record(), record(), record()];
      const jobs = Array.from({ length: 30 }, (_, index) => someJob('shared', index + 1));
      await Promise.all(jobs.map((shared) => queue.add(shared)));
      await until(() => expect(ids.flat()).toHaveLength(30));
      await quiet();
      expect(ids.flat().sort()).toEqual(jobs.map(jobId).sort());
    });

    it('waits at close for the job that runs, and takes no further one', async () => {
      const gate = Promise.withResolvers<undefined>();
      const started: string[] = [];
      let finished = 0;
      const worker = work(async (given) => {
        started.push(jobId(given));
        await gate.promise;
        finished++;
      });
      await queue.add(job);
      await until(() => expect(started).toHaveLength(1));
      await queue.add(someJob('two'));
      let closed = false;
      const closing = worker.close().then(() => (closed = true));
      await quiet();
      expect(closed).toBe(false);
      gate.resolve(undefined);
      await closing;
      expect(finished).toBe(1);
      await quiet();
      expect(started).toEqual([jobId(job)]);
      // The next worker gets the rest.
      const ids = record();
      await until(() => expect(ids).toEqual([jobId(someJob('two'))]));
    });

    it('closes a worker that has nothing to do', async () => {
      const worker = queue.work(() => Promise.resolve());
      await worker.close();
    });

    it('keeps a job of a newer version, and hands it to no handler', async () => {
      const newer = { ...job, version: JOB_VERSION + 1, later: 'field' };
      await queue.add(newer);
      const ids = record();
      await queue.add(someJob('two'));
      await until(() => expect(ids).toEqual([jobId(someJob('two'))]));
      await quiet();
      // The job still exists: an existing job stays as it is.
      await queue.add(job);
      await quiet();
      expect(ids).toEqual([jobId(someJob('two'))]);
      expect(under.errors).toEqual([]);
    });

    it('hands over fields that it does not know', async () => {
      const handled: Job[] = [];
      work(async (given) => {
        handled.push(given);
        await Promise.resolve();
      });
      await queue.add({ ...job, later: { field: 1 } });
      await until(() => expect(handled).toEqual([{ ...job, later: { field: 1 } }]));
    });

    it.each([...HOSTILE_NAMES, 'a:b', '{x}'])('refuses a job of build ID %j', async (buildId) => {
      await expect(queue.add({ ...job, buildId })).rejects.toThrow();
    });

    it.each([0, -1, 1.5, Number.NaN])('refuses a job of revision %d', async (revision) => {
      await expect(queue.add({ ...job, revision })).rejects.toThrow();
    });

    it('is reachable until it is closed', async () => {
      await expect(queue.check()).resolves.toBeUndefined();
      await queue.close();
      await expect(queue.check()).rejects.toThrow();
      await expect(queue.add(job)).rejects.toThrow();
    });
  });
}
