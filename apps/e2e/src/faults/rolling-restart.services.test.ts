import { setTimeout as sleep } from 'node:timers/promises';
import { DepotClient } from '@btf-depot/client';
import { balancing, load, startHaproxy, startNginx, type Balancer } from '@btf-depot/services';
import { provided } from '@btf-depot/services/provision';
import { describeWithServices } from '@btf-depot/services/testing';
import { buildIdOf, kernelBtf, kernelFile } from '@btf-depot/testing';
import { startServiceProcesses, type ServiceName } from '@btf-depot/testing/services';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

/** Each process starts and ends twice, on a machine that may be busy. */
vi.setConfig({ testTimeout: 900_000, hookTimeout: 900_000 });

/** Milliseconds between two restarts, in addition to the balancer's time to see a process again. */
const PAUSE = 500;

/** Seconds, the services' default: HAProxy needs 1.5 to see that one leaves. */
const DRAIN = '5';

const programs = await provided(balancing);

describeWithServices(['redis', 'minio'], 'a rolling restart', ({ redis, minio }) => {
  if ('absent' in programs) {
    const { absent } = programs;
    test('needs balancers', (context) => context.skip(absent));
    return;
  }

  const buildId = buildIdOf('rolling');
  const manifest = `/v1/kernels/${buildId}/manifest`;
  let services: Awaited<ReturnType<typeof startServiceProcesses>>;

  beforeAll(async () => {
    const bucket = `rolling-${process.pid}`;
    services = await startServiceProcesses({ redisUrl: redis.url, minio, bucket });
    await upload(services.url('ingest'), 'rolling');
    await new DepotClient(services.url('fetch')).waitUntilDone(
      buildId,
      AbortSignal.timeout(50_000),
    );
  });

  afterAll(() => services.stop());

  async function upload(url: string, seed: string): Promise<void> {
    const name = seed.replaceAll(/\W/g, '_');
    const btf = kernelBtf({ ballast: 10, name });
    const kernel = new Uint8Array(kernelFile({ buildId: buildIdOf(seed), btf }));
    await new DepotClient(url).upload({ kernel: new Blob([kernel]) });
  }

  const isReady = async (url: string) => (await fetch(`${url}/readyz`)).ok;

  /** Two processes of a service, on ports that they keep after a restart. */
  async function two(name: ServiceName) {
    const drain = { BTFDEPOT_DRAIN: DRAIN };
    const started = await Promise.all([1, 2].map(() => services.startAnother(name, drain)));
    return {
      backends: started.map(({ url }) => new URL(url).host),
      async restartEach(balancer: Balancer) {
        for (const [at, { url, process }] of started.entries()) {
          expect(await process.stop()).toBe(0);
          const port = { BTFDEPOT_PORT: new URL(url).port };
          started[at] = await services.startAnother(name, { ...drain, ...port });
          await expect.poll(() => isReady(url)).toBe(true);
          await expect.poll(balancer.isWhole).toBe(true);
          await sleep(PAUSE);
        }
      },
      stop: () => Promise.all(started.map(({ process }) => process.stop('SIGINT'))),
    };
  }

  test.for<[string, (backends: readonly string[]) => Promise<Balancer>]>([
    ['nginx', startNginx],
    ['HAProxy', startHaproxy],
  ])('of two fetches behind %s fails no request', async ([, start]) => {
    const fetches = await two('fetch');
    const balancer = await start(fetches.backends);
    const restarted = fetches.restartEach(balancer);
    let isDone = false;
    void restarted.finally(() => (isDone = true)).catch(() => undefined);
    let requests = 0;
    while (!isDone) {
      const loaded = await load(balancer.url + manifest, { seconds: 3, connections: 32 });
      expect(loaded).toMatchObject({ failed: 0 });
      requests += loaded.requests;
    }
    await restarted;
    expect(requests).toBeGreaterThan(100);
    await balancer.stop();
    await fetches.stop();
  });

  test('of two ingests behind HAProxy refuses and cuts no upload', async () => {
    const ingests = await two('ingest');
    const balancer = await startHaproxy(ingests.backends);
    const restarted = ingests.restartEach(balancer);
    let isDone = false;
    void restarted.finally(() => (isDone = true)).catch(() => undefined);
    const uploads = Array.from({ length: 4 }, async (_, sender) => {
      let sent = 0;
      for (; !isDone; sent++) await upload(balancer.url, `rolling ${sender} ${sent}`);
      return sent;
    });
    for (const sent of await Promise.all(uploads)) expect(sent).toBeGreaterThan(2);
    await restarted;
    await balancer.stop();
    await ingests.stop();
  });
});
