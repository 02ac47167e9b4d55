import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DepotClient } from '@btf-depot/client';
import { freePort, startRedis, type RedisServer } from '@btf-depot/services';
import { describeWithServices } from '@btf-depot/services/testing';
import { buildIdOf, kernelBtf, kernelFile } from '@btf-depot/testing';
import { testFolder } from '@btf-depot/testing/folders';
import { startServiceProcesses } from '@btf-depot/testing/services';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

describeWithServices(['redis', 'minio'], 'Redis over TLS, of an own authority', ({ minio }) => {
  const folder = testFolder();
  let redis: RedisServer;
  let services: Awaited<ReturnType<typeof startServiceProcesses>>;

  const openssl = (...args: string[]) => promisify(execFile)('openssl', args, { cwd: folder });

  beforeAll(async () => {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    const authority = ['-x509', '-subj', '/CN=authority', '-days', '2'];
    await openssl('req', ...key, ...authority, '-keyout', 'ca.key', '-out', 'ca.pem');
    const named = ['-subj', '/CN=redis', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2'];
    const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key'];
    await openssl(
      'req',
      '-x509',
      ...key,
      ...named,
      ...signed,
      '-keyout',
      'redis.key',
      '-out',
      'redis.pem',
    );
    const port = await freePort();
    const file = (name: string) => join(folder, name);
    redis = await startRedis([
      '--tls-port',
      `${port}`,
      '--tls-auth-clients',
      'no',
      '--tls-cert-file',
      file('redis.pem'),
      '--tls-key-file',
      file('redis.key'),
      '--tls-ca-cert-file',
      file('ca.pem'),
      '--user',
      'depot',
      'on',
      '>secret',
      '~btf-depot:*',
      '&*',
      '+@all',
      '-@dangerous',
      '+info',
    ]);
    const redisUrl = `rediss://depot:secret@127.0.0.1:${port}`;
    services = await startServiceProcesses(
      { redisUrl, minio, bucket: `tls-${process.pid}` },
      { NODE_EXTRA_CA_CERTS: file('ca.pem') },
    );
  });

  afterAll(async () => {
    await services.stop();
    await redis.stop();
  });

  test('a kernel goes the whole way, for a user who may touch the keys of the queue alone', async () => {
    const buildId = buildIdOf('tls');
    const kernel = new Blob([new Uint8Array(kernelFile({ buildId, btf: kernelBtf() }))]);
    await new DepotClient(services.url('ingest')).upload({ kernel });
    const done = await new DepotClient(services.url('fetch')).waitUntilDone(buildId);
    expect(done).toMatchObject({ state: 'ready' });
    const ready = await fetch(`${services.url('ingest')}/readyz`);
    expect(await ready.json()).toEqual({ status: 'ready', failing: {}, degraded: {} });
  });

  test('whoever does not know the authority is told so', async () => {
    const { url, process } = await services.startAnother('ingest', { NODE_EXTRA_CA_CERTS: '' });
    const answer = await fetch(`${url}/readyz`);
    const { degraded } = (await answer.json()) as { degraded: { queue?: string } };
    expect(degraded.queue).toBeDefined();
    await process.line(/unable to (get local issuer|verify)|self-signed|UNABLE_TO_VERIFY/i);
    await process.stop('SIGINT');
  });
});
