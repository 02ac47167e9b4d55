import { randomUUID } from 'node:crypto';
import type { KernelRecord } from '@btf-depot/contracts';
import { describeWithServices } from '@btf-depot/services/testing';
import { buildIdOf, kernelBtf, kernelFile } from '@btf-depot/testing';
import { startServiceProcesses } from '@btf-depot/testing/services';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { scriptedUpstream, type ScriptedUpstream } from './scripted-upstream.ts';

const KERNELS = 20;
const ASKERS = 200;

describeWithServices(['redis', 'minio'], 'kernels that many ask for', ({ redis, minio }) => {
  let upstream: ScriptedUpstream;
  let depot: Awaited<ReturnType<typeof startServiceProcesses>>;
  const buildIds = Array.from({ length: KERNELS }, (_, index) => buildIdOf(`many-${index}`));
  const downloads: string[] = [];

  beforeAll(async () => {
    upstream = await scriptedUpstream();
    const files = new Map(
      buildIds.map((buildId, index) => {
        const btf = kernelBtf({ name: `task_${index}` });
        return [`/buildid/${buildId}/debuginfo`, kernelFile({ buildId, btf, ballast: 100_000 })];
      }),
    );
    // Slow, so that the kill happens in the middle.
    upstream.answer = (request, response) => {
      const bytes = files.get(request.url ?? '');
      if (!bytes) {
        response.writeHead(404).end();
        return;
      }
      downloads.push(request.url ?? '');
      setTimeout(() => response.end(bytes), 1000);
    };
    depot = await startServiceProcesses(
      { redisUrl: redis.url, minio, bucket: `pull-${randomUUID()}` },
      { BTFDEPOT_UPSTREAMS: upstream.setting, BTFDEPOT_LOG_LEVEL: 'info' },
    );
  }, 120_000);
  afterAll(async () => {
    await depot.stop();
    await upstream.dispose();
  });

  test(
    'ingest is killed in the middle: each is fetched once or again, none is lost or published twice',
    { timeout: 400_000 },
    async () => {
      const url = depot.url('fetch');
      const ask = (buildId: string, query = '') => fetch(`${url}/v1/kernels/${buildId}${query}`);
      await vi.waitFor(async () => {
        const { code } = (await (await ask(buildIds[0] ?? '')).json()) as { code: string };
        expect(code).toBe('pending');
      }, 30_000);
      const askers = Array.from({ length: ASKERS }, (_, index) =>
        ask(buildIds[index % KERNELS] ?? '', '?wait=60').then(({ status }) => status),
      );
      await vi.waitFor(() => expect(downloads.length).toBeGreaterThan(3), { timeout: 30_000 });
      await depot.process('ingest').stop('SIGKILL');
      await depot.start('ingest');

      // Meanwhile a client that sends a kernel waits for nobody.
      const sent = kernelFile({ buildId: buildIdOf('sent'), btf: kernelBtf({ name: 'sent' }) });
      const began = performance.now();
      const body = Buffer.from(sent);
      const upload = await fetch(`${depot.url('ingest')}/v1/kernels`, { method: 'POST', body });
      expect(upload.status).toBe(201);
      expect(performance.now() - began).toBeLessThan(60_000);

      const statuses = await Promise.all(askers);
      expect(statuses.filter((status) => status !== 200 && status !== 404)).toEqual([]);
      const records: KernelRecord[] = [];
      for (const buildId of buildIds) {
        const record = await vi.waitFor(
          async () => {
            const found = (await (await ask(buildId, '?wait=30')).json()) as KernelRecord;
            expect(found.state).toBe('ready');
            return found;
          },
          { timeout: 150_000, interval: 500 },
        );
        records.push(record);
      }
      expect(new Set(records.map(({ revision }) => revision))).toEqual(new Set([1]));
      const counts = buildIds.map(
        (buildId) => downloads.filter((path) => path.includes(buildId)).length,
      );
      expect(Math.min(...counts)).toBe(1);
      // Two were under way when it was killed.
      expect(counts.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(KERNELS + 2);
    },
  );
});
