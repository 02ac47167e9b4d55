import { setTimeout as sleep } from 'node:timers/promises';
import type { JobWorker, MissFrom, PullJob, PullQueue } from '@btf-depot/depot';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { buildIdOf } from '../builders.ts';

export interface PullQueueUnderTest {
  queue: PullQueue;
  errors: Error[];
  dispose(): Promise<void>;
}

/** Options set by the suite, so that it need not wait for the defaults. */
export interface PullTiming {
  attempts: number;
  backoffMs: number;
  missTimes: Record<'passing' | 'lasting', { first: number; most: number }>;
}

/** The promises of every PullQueue. `makeQueue` opens an empty one for each test. */
export function describePullQueue(
  name: string,
  makeQueue: (timing: PullTiming) => Promise<PullQueueUnderTest>,
): void {
  const missTimes = {
    passing: { first: 200, most: 800 },
    lasting: { first: 60_000, most: 90_000 },
  };
  const timing = { attempts: 2, backoffMs: 20, missTimes };
  const until = (check: () => void | Promise<void>): Promise<void> =>
    vi.waitFor(check, { timeout: 60_000, interval: 5 });
  const id = buildIdOf('asked');
  const missing: MissFrom[] = [{ upstream: 'one', reason: 'missing', detail: '404' }];
  const passing: MissFrom[] = [{ upstream: 'one', reason: 'timeout', detail: 'late' }];

  describe(`${name} as a PullQueue`, () => {
    let under: PullQueueUnderTest;
    let queue: PullQueue;
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

    const work: PullQueue['work'] = (handle, options) => {
      const worker = queue.work(handle, options);
      workers.push(worker);
      return worker;
    };
    /** Asks once a worker exists; a server may learn of it with a delay. */
    const ask: PullQueue['ask'] = async (buildId, options) => {
      await until(async () => {
        expect((await queue.ask(buildId, options)).state).not.toBe('off');
      });
      return (await queue.look(buildId)) ?? { state: 'off' };
    };

    it('is off while nobody works', async () => {
      expect(await queue.ask(id)).toEqual({ state: 'off' });
      expect(await queue.look(id)).toBeUndefined();
    });

    it('gives the worker what was asked, with the depots that the request passed', async () => {
      const given: PullJob[] = [];
      work(async (job) => {
        given.push(job);
        return await Promise.resolve('pulled' as const);
      });
      await ask(id, { via: ['0123456789abcdef'] });
      await until(() => expect(given.length).toBeGreaterThan(0));
      expect(given[0]).toMatchObject({ buildId: id, via: ['0123456789abcdef'] });
    });

    it('has one job for one build ID, however many ask, also of digits alone', async () => {
      const digits = '12345678'.repeat(5);
      let handled = 0;
      const { promise: finished, resolve: finish } = Promise.withResolvers<undefined>();
      work(
        async () => {
          handled++;
          await finished;
          return 'pulled';
        },
        { concurrency: 4 },
      );
      await ask(buildIdOf('somebody works'));
      await until(() => expect(handled).toBe(1));
      handled = 0;
      await Promise.all(Array.from({ length: 20 }, () => queue.ask(digits)));
      await until(() => expect(handled).toBe(1));
      await sleep(100);
      expect(handled).toBe(1);
      expect(await queue.counts()).toMatchObject({ active: 2, waiting: 0 });
      finish(undefined);
      await until(async () => expect(await queue.look(digits)).toBeUndefined());
    });

    it('shows how far it is', async () => {
      const { promise: finished, resolve: finish } = Promise.withResolvers<undefined>();
      work(async (_job, { onProgress }) => {
        onProgress({ stage: 'download', upstream: 'one', done: 5, total: 10, since: 1 });
        await finished;
        return 'pulled';
      });
      await ask(id);
      const progress = { stage: 'download', upstream: 'one', done: 5, total: 10 };
      await until(async () =>
        expect(await queue.look(id)).toMatchObject({ state: 'running', progress }),
      );
      finish(undefined);
    });

    it('remembers a miss, and who said what, until somebody asks again', async () => {
      let handled = 0;
      work(async () => {
        handled++;
        return await Promise.resolve(missing);
      });
      await ask(id);
      await until(async () => expect((await queue.look(id))?.state).toBe('missed'));
      expect(await queue.ask(id)).toMatchObject({ state: 'missed', misses: missing });
      expect(handled).toBe(1);
      await queue.ask(id, { again: true });
      await until(() => expect(handled).toBe(2));
    });

    it('remembers what passes for a short time, and longer each time', async () => {
      work(async () => await Promise.resolve(passing));
      const missUntil = async () => {
        let found = 0;
        await until(async () => {
          const state = await queue.ask(id);
          if (state.state !== 'missed') throw new Error(state.state);
          found = state.until;
        });
        return found - Date.now();
      };
      await ask(id);
      expect(await missUntil()).toBeLessThanOrEqual(200);
      await until(async () => expect(await queue.look(id)).toBeUndefined());
      await queue.ask(id);
      const second = await missUntil();
      expect(second).toBeGreaterThan(200);
      expect(second).toBeLessThanOrEqual(400);
    });

    it('tries again what failed for a fault here, and then lets it be asked anew', async () => {
      let handled = 0;
      work(async () => {
        handled++;
        await Promise.resolve();
        throw new Error('a fault');
      });
      await ask(id);
      await until(() => expect(handled).toBe(2));
      await until(() => expect(under.errors).toHaveLength(2));
      await until(async () => {
        await queue.ask(id, { again: true });
        expect(handled).toBeGreaterThan(2);
      });
    });

    it('leaves what it had begun when it closes', async () => {
      let signal: AbortSignal | undefined;
      const worker = queue.work(async (_job, attempt) => {
        signal = attempt.signal;
        await new Promise((_resolve, reject) => {
          attempt.signal.addEventListener('abort', () => reject(attempt.signal.reason as Error));
        });
        return 'pulled';
      });
      await ask(id);
      await until(() => expect(signal).toBeDefined());
      await worker.close();
      expect(signal?.aborted).toBe(true);
      expect((await queue.look(id))?.state).not.toBe('missed');
    });
  });
}
