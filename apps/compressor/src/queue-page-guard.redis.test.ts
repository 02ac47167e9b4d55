import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { jobFor } from '@btf-depot/contracts';
import { BullmqJobQueue } from '@btf-depot/job-queue';
import { createLogger, Metrics, startAdmin } from '@btf-depot/service-kit';
import { describeWithServices } from '@btf-depot/services/testing';
import { buildIdOf } from '@btf-depot/testing';
import { expect, test, vi } from 'vitest';
import { queuePage } from './queue-page.ts';

describeWithServices(['redis'], "the queue's page on the admin port", ({ redis }) => {
  test('takes what it shows and does from its own page alone', async () => {
    const queue = new BullmqJobQueue({
      url: redis.url,
      prefix: randomUUID(),
      attempts: 1,
      onError: () => undefined,
    });
    const log = createLogger('test', 'silent');
    const said: { admin?: string }[] = [];
    const listening = Object.create(log) as typeof log;
    listening.info = (fields: { admin?: string }) => said.push(fields);
    const admin = await startAdmin(
      { BTFDEPOT_ADMIN_PORT: 0, BTFDEPOT_ADMIN_HOST: '127.0.0.1' },
      { metrics: new Metrics(), log: listening, router: queuePage(queue) },
    );
    const url = new URL(said[0]?.admin ?? '');
    const worker = queue.work(() => Promise.reject(new Error('out of luck')));
    const buildId = buildIdOf('guarded');
    await queue.add(jobFor({ buildId, revision: 1 }));
    await vi.waitFor(async () => {
      expect(await queue.bullmq.getFailedCount()).toBe(1);
    }, 60_000);
    await worker.close();

    const ask = async (method: string, path: string, headers: Record<string, string>) => {
      const asking = request(new URL(`/queue/api/queues${path}`, url), { method, headers }).end();
      const [answer] = (await once(asking, 'response')) as [IncomingMessage];
      answer.resume();
      return answer.statusCode;
    };
    const retry = '/compress/retry/failed';
    const foreign: Record<string, string>[] = [
      { Origin: 'https://evil.example' },
      { Origin: 'null' },
      { 'Sec-Fetch-Site': 'cross-site' },
      { Host: `evil.example:${url.port}`, Origin: `http://evil.example:${url.port}` },
    ];
    for (const headers of foreign) {
      expect(await ask('PUT', retry, headers)).toBe(403);
      expect(await ask('GET', '', headers)).toBe(403);
    }
    expect(await queue.bullmq.getFailedCount()).toBe(1);
    expect(await ask('PUT', retry, { Origin: url.origin })).toBe(200);
    expect(await queue.bullmq.getFailedCount()).toBe(0);

    await admin.close();
    await queue.close();
  });
});
