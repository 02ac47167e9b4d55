import { randomUUID } from 'node:crypto';
import { jobFor } from '@btf-depot/contracts';
import type { Attempt } from '@btf-depot/depot';
import { describeWithServices } from '@btf-depot/services/testing';
import { buildIdOf } from '@btf-depot/testing';
import { startProcess } from '@btf-depot/testing/processes';
import { expect, it, vi } from 'vitest';
import { BullmqJobQueue } from './bullmq.ts';

describeWithServices(['redis'], 'a job whose worker is killed', ({ redis }) => {
  it('is handed on, again and again, with the number of crashes so far', async () => {
    const [prefix, silenceMs] = [randomUUID(), 300];
    const queue = new BullmqJobQueue({
      url: redis.url,
      prefix,
      silenceMs,
      onError: () => undefined,
    });
    await queue.add(jobFor({ buildId: buildIdOf('crash'), revision: 1 }));
    for (const crashes of [0, 1, 2]) {
      const script = 'libs/job-queue/src/testing/stuck-worker.ts';
      const stuck = startProcess(script, [redis.url, prefix, String(silenceMs)], {});
      await stuck.line(new RegExp(`starts after ${String(crashes)} crashes`));
      await stuck.stop('SIGKILL');
    }
    const attempts: Attempt[] = [];
    const worker = queue.work(async (_, attempt) => {
      attempts.push(attempt);
      await Promise.resolve();
    });
    await vi.waitFor(() => expect(attempts).toEqual([{ last: false, crashes: 3 }]), 60_000);
    await worker.close();
    await queue.close();
  });
});
