import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { jobFor } from '@btf-depot/contracts';
import { BullmqJobQueue } from '@btf-depot/job-queue';
import { describeWithServices } from '@btf-depot/services/testing';
import { buildIdOf } from '@btf-depot/testing';
import express from 'express';
import { expect, test, vi } from 'vitest';
import { queuePage } from './queue-page.ts';

describeWithServices(['redis'], "the queue's page", ({ redis }) => {
  test('shows a job that was given up, with its cause, and its parts are all there', async () => {
    const queue = new BullmqJobQueue({
      url: redis.url,
      prefix: randomUUID(),
      attempts: 1,
      onError: () => undefined,
    });
    const app = express();
    app.use(queuePage(queue));
    const server = createServer(app).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/queue`;
    const worker = queue.work(() => Promise.reject(new Error('out of luck')));
    await queue.add(jobFor({ buildId: buildIdOf('page'), revision: 1 }));

    await vi.waitFor(async () => {
      const answer = await fetch(`${url}/api/queues?activeQueue=compress&status=failed&page=1`);
      const text = await answer.text();
      expect(text).toContain(buildIdOf('page'));
      expect(text).toContain('out of luck');
    }, 60_000);
    const page = await (await fetch(`${url}/`)).text();
    const parts = [...page.matchAll(/(?:src|href)="(?:\/queue\/)?(static\/[^"]+)"/g)];
    expect(parts.length).toBeGreaterThan(1);
    for (const [, path] of parts) {
      expect((await fetch(new URL(path ?? '', `${url}/`))).status).toBe(200);
    }

    await worker.close();
    server.close();
    await queue.close();
  });
});
