import { createLogger, startHttpService } from '@btf-depot/service-kit';
import { buildIdOf, kernelBtf, kernelRecord, memoryStores, sha256Of } from '@btf-depot/testing';
import { parseBtf } from '@btf-depot/btf';
import { attachVariables } from '@btf-depot/extras';
import { afterEach, describe, expect, test } from 'vitest';
import { createFetch } from '../index.ts';
import { TEST_SETTINGS } from '../testing/start-fetch.ts';
import { Budget } from './budget.ts';
import { WantedKernels } from './wanted-kernels.ts';

describe('a budget', () => {
  const [one, other] = [{ ip: '192.0.2.1' }, { ip: '192.0.2.2' }];

  test('is spent by one client, and not by another', () => {
    const budget = new Budget(3);
    for (let asked = 0; asked < 3; asked++) budget.spend(one, 1);
    expect(() => budget.spend(one, 1)).toThrow(
      expect.objectContaining({ code: 'budget-spent', members: { retryAfter: 20 } }),
    );
    budget.spend(other, 3);
  });

  test('pays the cost of an answer once it is known, and may owe the rest', () => {
    const budget = new Budget(100);
    budget.spend(one, 1);
    budget.charge(one.ip, 149);
    expect(() => budget.spend(one, 1)).toThrow(
      expect.objectContaining({ members: { retryAfter: 31 } }),
    );
    // No more than a minute's budget: nobody is shut out for long.
    budget.charge(one.ip, 1e9);
    expect(() => budget.spend(one, 1)).toThrow(
      expect.objectContaining({ members: { retryAfter: 61 } }),
    );
    budget.spend(other, 100);
  });

  test('allows one request of any cost, and everything if it is 0', () => {
    const budget = new Budget(3);
    budget.spend(one, 1000);
    expect(() => budget.spend(one, 1000)).toThrow();
    for (let asked = 0; asked < 100; asked++) new Budget(0).spend(one, 1000);
  });
});

describe('what is wanted', () => {
  const client = (number: number) => `192.0.2.${number}`;

  test("is ordered by the number of clients that asked, not by one client's repetitions", () => {
    const wanted = new WantedKernels();
    for (let asked = 0; asked < 50; asked++) wanted.count('aaaaaaaa', 'no-vars', client(1));
    for (const number of [1, 2, 3]) wanted.count('bbbbbbbb', 'unknown-build-id', client(number));
    expect(wanted.list().map(({ buildId, clients }) => [buildId, clients])).toEqual([
      ['bbbbbbbb', 3],
      ['aaaaaaaa', 1],
    ]);
    wanted.found('bbbbbbbb');
    expect(wanted.list()).toHaveLength(1);
    expect(JSON.stringify(wanted.list())).not.toContain('192.0.2');
  });

  test('is not displaced by one client with made-up build IDs, nor by many', () => {
    const wanted = new WantedKernels();
    for (const number of [1, 2, 3]) wanted.count('bbbbbbbb', 'unknown-build-id', client(number));
    for (let at = 0; at < 100; at++) wanted.count(buildIdOf(`${at}`), 'no-vars', client(4));
    expect(wanted.list()).toHaveLength(1 + 20);
    for (let at = 0; at < 3000; at++) {
      wanted.count(buildIdOf(`many ${at}`), 'no-vars', `10.0.${at % 256}.${at >> 8}`);
    }
    expect(wanted.list()).toHaveLength(1000);
    expect(wanted.list()[0]?.buildId).toBe('bbbbbbbb');
  });
});

describe('over HTTP', () => {
  const closing: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });

  async function start(trustedProxies: readonly string[], budget: number) {
    const stores = memoryStores();
    const [core, whole] = [kernelBtf(), kernelBtf({ globals: true })];
    const vars = attachVariables(parseBtf(core), parseBtf(whole)).bytes;
    const entry = (bytes: Uint8Array) => ({
      sha256: sha256Of(bytes),
      size: bytes.length,
      types: 1,
    });
    for (const bytes of [core, vars]) await stores.blobs.put(sha256Of(bytes), bytes);
    const extra = { ...entry(vars), variables: 3, origin: 'full', baseSha256: sha256Of(core) };
    const record = kernelRecord({
      state: 'ready',
      core: { ...entry(core), origin: 'verbatim' },
      parts: { vars: { ...extra, origin: 'full' } },
    });
    await stores.records.put(record, undefined);
    const log = createLogger('fetch', 'silent');
    const settings = { ...TEST_SETTINGS, BTFDEPOT_CLIENT_BUDGET: budget };
    const fetched = createFetch(stores, settings, log);
    const [host, port] = ['127.0.0.1', 0] as const;
    const http = await startHttpService({
      host,
      port,
      log,
      trustedProxies,
      ...fetched,
    });
    const admin = await startHttpService({ host, port, log, router: fetched.admin, checks: {} });
    closing.push(
      () => http.close(),
      () => admin.close(),
    );
    const get = (path: string, client = '198.51.100.1', init: RequestInit = {}) => {
      const headers = { 'X-Forwarded-For': client, 'Content-Type': 'application/json' };
      return fetch(http.url + path, { ...init, headers });
    };
    return { get, admin: admin.url, kernel: `/v1/kernels/${record.buildId}`, record };
  }

  test("computed answers are limited for each client, requests of debuginfod's clients never", async () => {
    const { get, kernel, record } = await start(['loopback'], 2);
    // Dearer than all there is: nothing is left then.
    expect((await get(`${kernel}/vmlinux.full.btf`)).status).toBe(200);
    const refused = await get(`${kernel}/vars/verbose`);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await refused.json()).toMatchObject({ code: 'budget-spent' });
    // What is in memory costs nothing.
    expect((await get(`${kernel}/vmlinux.full.btf`)).status).toBe(200);
    expect((await get(`/buildid/${record.buildId}/section/.BTF`)).status).toBe(200);
    expect((await get(`${kernel}/vars/verbose`, '198.51.100.2')).status).toBe(200);
  });

  test('a client cannot name itself where no proxy is trusted', async () => {
    const { get, kernel } = await start([], 1);
    expect((await get(`${kernel}/vars/init_task`)).status).toBe(200);
    expect((await get(`${kernel}/vars/tasks`, '198.51.100.2')).status).toBe(429);
  });

  test('a proxy that is none stops the start', async () => {
    await expect(start(['300.0.0.1'], 1)).rejects.toMatchObject({ code: 'bad-settings' });
  });

  test('operators see what is wanted, others do not', async () => {
    const { get, admin, record } = await start(['loopback'], 1);
    const missing = buildIdOf('missing');
    await get(`/v1/kernels/${missing}/btf_vmlinux.ko.gz`);
    await get(`/buildid/${missing}/section/.BTF`, '198.51.100.2');
    await get('/v1/kernels/nonsense/manifest');
    const asked = { buildIds: [missing, record.buildId], releases: ['6.6.6'] };
    const body = { method: 'POST', body: JSON.stringify(asked) };
    await get('/v1/kernels/lookup', '198.51.100.3', body);
    const { wanted } = (await (await fetch(`${admin}/v1/wanted`)).json()) as { wanted: unknown };
    expect(wanted).toMatchObject([
      { buildId: missing, code: 'unknown-build-id', requests: 3, clients: 3 },
    ]);
    expect((await get('/v1/wanted')).status).toBe(404);
  });
});
