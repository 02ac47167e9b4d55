import { request, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { json } from 'node:stream/consumers';
import { zstdCompressSync } from 'node:zlib';
import { DepotClient } from '@btf-depot/client';
import { describeWithServices } from '@btf-depot/services/testing';
import { buildIdOf, kernelFile } from '@btf-depot/testing';
import { rpmFile, tarFile } from '@btf-depot/testing/packages';
import { startServiceProcesses } from '@btf-depot/testing/services';
import { afterAll, beforeAll, expect, test } from 'vitest';

/** A map of a sparse file without an end, a kernel of zeros, a member that states a larger size. */
const BOMBS: [what: string, code: string, bytes: () => Uint8Array][] = [
  [
    'a sparse map without an end',
    'bad-archive',
    () => {
      const record = (key: string, value: string) => {
        const text = ` GNU.sparse.${key}=${value}\n`;
        return `${text.length + 2}${text}`;
      };
      const fields = [
        ['major', '1'],
        ['minor', '0'],
        ['name', 'vmlinux'],
        ['realsize', '1048576'],
      ].map(([key, value]) => record(key, value));
      const header = new Uint8Array(Buffer.from(fields.join('')));
      return zstdCompressSync(
        tarFile([
          { name: 'pax', type: 'x', bytes: header },
          { name: 'vmlinux', bytes: new Uint8Array(8 * 2 ** 20).fill(0x31) },
        ]),
      );
    },
  ],
  [
    'an .rpm of zeros',
    'too-large',
    () => rpmFile([{ name: 'vmlinuz', bytes: new Uint8Array(80_000_000) }]),
  ],
];

describeWithServices(['redis', 'minio'], 'attacks on the three services', ({ redis, minio }) => {
  let services: Awaited<ReturnType<typeof startServiceProcesses>>;
  const buildId = buildIdOf('honest, beside attacks');

  beforeAll(async () => {
    const bucket = `hostile-${process.pid}`;
    services = await startServiceProcesses({ redisUrl: redis.url, minio, bucket });
  });
  afterAll(() => services.stop());

  test.each(BOMBS)(
    '%s is refused, and an honest kernel goes through',
    async (_what, code, bytes) => {
      const answer = await fetch(`${services.url('ingest')}/v1/kernels`, {
        method: 'POST',
        body: new Uint8Array(bytes()),
      });
      expect([answer.status >= 400, ((await answer.json()) as { code: string }).code]).toEqual([
        true,
        code,
      ]);
      const client = new DepotClient(services.url('ingest'));
      await client.upload({ kernel: new Blob([kernelFile({ buildId }).slice()]) });
      const fetched = new DepotClient(services.url('fetch'));
      expect(await fetched.waitUntilDone(buildId)).toMatchObject({ state: 'ready' });
    },
  );

  test('pages of other origins and names change nothing, and read from fetch', async () => {
    const ask = async (
      service: 'ingest' | 'fetch',
      method: string,
      headers: Record<string, string>,
    ) => {
      const path = method === 'POST' ? '/v1/kernels' : `/v1/kernels/${buildId}`;
      const asking = request(new URL(path, services.url(service)), { method, headers }).end();
      const [answer] = (await once(asking, 'response')) as [IncomingMessage];
      return [answer.statusCode, ((await json(answer)) as { code?: string }).code];
    };
    const rebound = { Host: 'evil.example', Origin: 'http://evil.example' };
    const foreign = { Origin: 'http://evil.example' };
    for (const method of ['POST', 'DELETE', 'GET']) {
      expect(await ask('ingest', method, rebound)).toEqual([403, 'foreign-host']);
      expect(await ask('ingest', method, foreign)).toEqual([403, 'foreign-origin']);
    }
    expect(await ask('fetch', 'DELETE', foreign)).toEqual([403, 'foreign-origin']);
    expect(await ask('fetch', 'GET', foreign)).toEqual([200, undefined]);
    expect(await ask('fetch', 'GET', rebound)).toEqual([200, undefined]);
  });
});
