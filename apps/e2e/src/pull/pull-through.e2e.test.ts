import { statfs, writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { buildIdOf, kernelBtf, kernelFile } from '@btf-depot/testing';
import { DEPOT_TEST_CERTIFICATE, DEPOT_TEST_KEY } from '@btf-depot/testing/certificate';
import { testFolder } from '@btf-depot/testing/folders';
import { btfdepot, startDepot, type StartedDepot } from '@btf-depot/testing/processes';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { scriptedUpstream, type ScriptedUpstream } from './scripted-upstream.ts';

/** A few kilobytes that unpack to more than a kernel could. */
const BOMB = zstdCompressSync(Buffer.alloc(2 ** 28));

const folder = testFolder();
let upstream: ScriptedUpstream;
let depot: StartedDepot;

beforeAll(async () => {
  upstream = await scriptedUpstream();
  depot = await startDepot(join(folder, 'data'), {
    BTFDEPOT_UPSTREAMS: upstream.setting,
    BTFDEPOT_UPSTREAM_TIME: '2',
    BTFDEPOT_UPLOAD_PERIOD: '2',
    BTFDEPOT_UPLOAD_LEAST: '4k',
    BTFDEPOT_PULL_LIMIT: '8m',
    BTFDEPOT_PULL_BUDGET: '1',
    BTFDEPOT_TRUSTED_PROXIES: 'loopback',
  });
});
afterAll(async () => {
  await depot.stop();
  await upstream.dispose();
});
beforeEach(() => {
  upstream.answer = undefined;
  upstream.asked.length = 0;
});

let kernels = 0;
/** A kernel that only the upstream has: its BTF, and a file with its BTF and build ID inside. */
function offer({ btf = true, says }: { btf?: boolean; says?: string } = {}): string {
  const buildId = buildIdOf(`pulled-${kernels++}`);
  const core = kernelBtf({ name: `task_${kernels}` });
  const whole = kernelFile({ buildId: says ?? buildId, btf: core, ballast: 300_000 });
  if (btf) upstream.files.set(`/buildid/${buildId}/section/.BTF`, core);
  upstream.files.set(`/buildid/${buildId}/debuginfo`, whole);
  return buildId;
}

/** The upstream's requests for one kernel; another's may still be on its way. */
const askedFor = (buildId: string) => upstream.asked.filter((path) => path.includes(buildId));

const ask = (path: string, init?: RequestInit) => fetch(depot.url + path, init);
const json = async (path: string, init?: RequestInit) => {
  const response = await ask(path, init);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};

describe('a kernel that nobody sent', () => {
  test('is fetched when it is asked for, and its asker waits for it', async () => {
    const buildId = offer();
    const body = await vi.waitFor(async () => {
      const answer = await json(`/v1/kernels/${buildId}?wait=30`);
      expect(answer).toMatchObject({ status: 200, body: { state: 'ready' } });
      return answer.body;
    }, 200_000);
    expect(body).toMatchObject({
      owner: { principal: `upstream:${new URL(upstream.url).host}`, rank: 'upstream' },
    });
    // For the kernel's file, not for the claim before it.
    expect(body.keptUntil).toBeUndefined();
    expect(body.core).not.toHaveProperty('claimed');
    expect((await ask(`/v1/kernels/${buildId}/vmlinux.btf`)).status).toBe(200);
  });

  test('is pending with its progress for a client that does not wait, and then there', async () => {
    const buildId = offer();
    const { status, body } = await json(`/v1/kernels/${buildId}/btf_vmlinux.ko`);
    expect([status, body.code]).toEqual([404, 'pending']);
    expect(body.pull).toHaveProperty('state');
    await vi.waitFor(
      async () => expect((await ask(`/v1/kernels/${buildId}/vmlinux.btf`)).status).toBe(200),
      { timeout: 20_000 },
    );
  });

  test('has events for the fetching, the packing, and being ready', async () => {
    const buildId = offer();
    const events = await (await ask(`/v1/kernels/${buildId}/events`)).text();
    const states = [...events.matchAll(/"state":"(\w+)"/g)].map(([, state]) => state);
    expect(states[0]).toBe('pulling');
    expect(events.trimEnd().split('\n').at(-1)).toContain('"state":"ready"');
  });

  test("serves its .BTF to debuginfod's clients, whose requests wait meanwhile", async () => {
    const buildId = offer();
    const response = await ask(`/buildid/${buildId}/section/.BTF`);
    expect(response.status).toBe(200);
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(bytes.equals(upstream.files.get(`/buildid/${buildId}/section/.BTF`) ?? bytes)).toBe(
      true,
    );
  });

  test('is fetched once, however many ask', async () => {
    const buildId = offer();
    const answers = await Promise.all(
      Array.from({ length: 40 }, () => ask(`/v1/kernels/${buildId}?wait=30`)),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(askedFor(buildId)).toEqual([
      `/buildid/${buildId}/section/.BTF`,
      `/buildid/${buildId}/debuginfo`,
    ]);
  });

  test('comes without its claim where the upstream has only the file', async () => {
    const buildId = offer({ btf: false });
    const { status } = await json(`/v1/kernels/${buildId}?wait=30`);
    expect(status).toBe(200);
  });

  test('is missing if no upstream has it, which is remembered until a request says again', async () => {
    const buildId = buildIdOf('nowhere');
    const first = await json(`/v1/kernels/${buildId}?wait=30`);
    expect(first.body).toMatchObject({
      code: 'unknown-build-id',
      pull: { state: 'missed', misses: [{ reason: 'missing' }] },
    });
    expect((await ask(`/buildid/${buildId}/section/.BTF`)).status).toBe(404);
    const asked = upstream.asked.length;
    await json(`/v1/kernels/${buildId}?wait=30`);
    expect(upstream.asked).toHaveLength(asked);
    await json(`/v1/kernels/${buildId}?wait=30&again`);
    expect(upstream.asked.length).toBeGreaterThan(asked);
  });

  test('is waited for by get, which downloads an artifact of it', async () => {
    const buildId = offer();
    const got = await btfdepot(['get', '--url', depot.url, buildId, 'vmlinux.btf'], folder);
    expect(got.output).toContain('SHA-256 checked');
    expect(got.code).toBe(0);
  });

  test('is sent by push without being fetched first', async () => {
    const buildId = offer();
    const whole = upstream.files.get(`/buildid/${buildId}/debuginfo`) ?? new Uint8Array();
    await writeFile(join(folder, 'vmlinux'), whole);
    const pushed = await btfdepot(['push', '--url', depot.url, 'vmlinux'], folder);
    expect(pushed.output).toContain('ready');
    expect(askedFor(buildId)).toEqual([]);
  });

  test.each([
    ['/buildid/ID/debuginfo'],
    ['/buildid/ID/section/.gdb_index'],
    ['/buildid/ID/executable'],
    ['/v1/kernels?buildId=ID'],
  ])('is not fetched for %s', async (path) => {
    const buildId = offer();
    await ask(path.replace('ID', buildId));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(askedFor(buildId)).toEqual([]);
  });

  test.each([
    ['DELETE', '', { reason: 'a test' }, 404],
    ['PUT', '/bogus', {}, 405],
    ['PUT', '/vars', {}, 405],
    ['POST', '', {}, 405],
  ])('is not fetched for %s %s, which would change it', async (method, path, sent, status) => {
    const buildId = offer();
    const headers = { 'Content-Type': 'application/json' };
    const about = { method, headers, body: JSON.stringify(sent) };
    const answer = await json(`/v1/kernels/${buildId}${path}`, about);
    expect(answer.status).toBe(status);
    expect(answer.body.code).not.toBe('pending');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(askedFor(buildId)).toEqual([]);
  });

  test('is fetched for a question that is too long for a URL', async () => {
    const buildId = offer();
    const headers = { 'Content-Type': 'application/json' };
    const about = { method: 'POST', headers, body: JSON.stringify({ names: ['jiffies'] }) };
    const { body } = await json(`/v1/kernels/${buildId}/vars/resolve`, about);
    expect(body.code).toBe('pending');
  });

  test('may be withdrawn by an operator while it is fetched', async () => {
    const buildId = offer();
    const { promise: held, resolve: release } = Promise.withResolvers<undefined>();
    upstream.answer = ({ url = '' }, response) => {
      const bytes = upstream.files.get(url);
      const isLate = url.endsWith('/debuginfo');
      void (isLate ? held : Promise.resolve()).then(() => response.end(bytes));
    };
    try {
      await vi.waitFor(
        async () => expect((await ask(`/v1/kernels/${buildId}`)).status).toBe(200),
        60_000,
      );
      const headers = { 'Content-Type': 'application/json' };
      const about = { method: 'DELETE', headers, body: JSON.stringify({ reason: 'a test' }) };
      const { status, body } = await json(`/v1/kernels/${buildId}`, about);
      expect([status, body.state]).toEqual([200, 'withdrawn']);
    } finally {
      release(undefined);
    }
    expect((await ask(`/v1/kernels/${buildId}?wait=10`)).status).toBe(410);
  });

  test("does not replace a farm's kernel, but the farm's replaces it", async () => {
    const buildId = offer();
    await json(`/v1/kernels/${buildId}?wait=30`);
    const other = kernelFile({ buildId, btf: kernelBtf({ name: 'sent' }) });
    const sent = await ask('/v1/kernels', { method: 'POST', body: Buffer.from(other) });
    expect(sent.status).toBe(201);
    const { body } = await json(`/v1/kernels/${buildId}`);
    expect(body).toMatchObject({ owner: { principal: 'local' } });
  });
});

test('a depot that is its own upstream answers with a miss, and ends', async () => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const own = await startDepot(
    join(folder, 'own'),
    { BTFDEPOT_UPSTREAMS: `depot ${url}, debuginfod ${url.replace('127.0.0.1', 'localhost')}` },
    ['--port', String(port)],
  );
  try {
    const answer = await fetch(`${url}/v1/kernels/${buildIdOf('of nobody')}?wait=30`);
    expect(await answer.json()).toMatchObject({
      code: 'unknown-build-id',
      pull: { misses: [{ reason: 'missing' }, { reason: 'missing' }] },
    });
  } finally {
    await own.stop();
  }
});

describe('before anything of it is read,', () => {
  test('a server with a certificate of another name is left', async () => {
    const server = createTlsServer(
      { key: DEPOT_TEST_KEY, cert: DEPOT_TEST_CERTIFICATE },
      (_request, response) => void response.end('BTF'),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const secure = await startDepot(join(folder, 'secure'), {
      BTFDEPOT_UPSTREAMS: `debuginfod https://127.0.0.1:${port}`,
    });
    const answer = await fetch(`${secure.url}/v1/kernels/${buildIdOf('secure')}?wait=60`);
    const body: unknown = await answer.json();
    await secure.stop();
    await new Promise((resolve) => server.close(resolve));
    expect(body).toMatchObject({ pull: { misses: [{ reason: 'bad-certificate' }] } });
  });

  test('a file whose announced size the disk has no room for is left', async () => {
    const { bavail, bsize } = await statfs(folder);
    const room = 2 ** 28;
    const small = await startDepot(join(folder, 'small'), {
      BTFDEPOT_UPSTREAMS: upstream.setting,
      BTFDEPOT_KEEP_FREE: String(Math.max(0, bavail * bsize - room)),
      BTFDEPOT_PULL_LIMIT: '900g',
    });
    let sent = 0;
    upstream.answer = ({ url = '' }, response) => {
      if (url.includes('/section/')) {
        response.writeHead(404).end();
        return;
      }
      response.writeHead(200, { 'Content-Length': 64 * 2 ** 30 });
      const timer = setInterval(() => {
        sent += 65_536;
        response.write(Buffer.alloc(65_536));
      }, 5);
      response.once('close', () => clearInterval(timer));
    };
    const answer = await fetch(`${small.url}/v1/kernels/${buildIdOf('large')}?wait=60`);
    const body: unknown = await answer.json();
    await small.stop();
    expect(body).toMatchObject({ pull: { misses: [{ reason: 'disk-full' }] } });
    expect(sent).toBeLessThan(room);
  });
});

describe('depots that name each other', () => {
  /** Each names the other, and the last one the upstream too. */
  async function circle(names: readonly string[], last: string) {
    const ports = await Promise.all(names.map(() => freePort()));
    return Promise.all(
      names.map((name, at) => {
        const next = `depot http://127.0.0.1:${ports[(at + 1) % ports.length]}`;
        const upstreams = at === names.length - 1 ? `${next}${last}` : next;
        const settings = { BTFDEPOT_UPSTREAMS: upstreams };
        return startDepot(join(folder, name), settings, ['--port', String(ports[at])]);
      }),
    );
  }
  const askAll = (depots: readonly StartedDepot[], buildId: string) =>
    Promise.all(
      depots.map(async ({ url }) => {
        const answer = await fetch(`${url}/v1/kernels/${buildId}?wait=60`);
        return (await answer.json()) as { state?: string; code?: string };
      }),
    );

  test('and are asked at once do not wait for each other', { timeout: 300_000 }, async () => {
    const depots = await circle(['left', 'right'], `, ${upstream.setting}`);
    try {
      const nobody = await askAll(depots, buildIdOf('of neither'));
      expect(nobody.map(({ code }) => code)).toEqual(['unknown-build-id', 'unknown-build-id']);
      const buildId = offer();
      await vi.waitFor(
        async () => {
          const [first, second] = depots;
          // Whichever of them leaves the circle, the one with the upstream has the kernel.
          if (!first || !second) throw new Error('two depots');
          const answers = await askAll([first, second], buildId);
          expect(answers[1]?.state).toBe('ready');
        },
        { timeout: 200_000, interval: 500 },
      );
    } finally {
      await Promise.all(depots.map((one) => one.stop()));
    }
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('who may have something fetched', () => {
  const from = (address: string, more: Record<string, string> = {}) => ({
    headers: { 'X-Forwarded-For': address, ...more },
  });

  test('a client of another machine: as many as its budget allows', async () => {
    const [one, two] = [offer(), offer()];
    const client = from('198.51.100.7');
    expect((await json(`/v1/kernels/${one}`, client)).body.code).toBe('pending');
    expect((await json(`/v1/kernels/${two}`, client)).body.code).toBe('unknown-build-id');
    expect(upstream.asked.join()).not.toContain(two);
  });

  test.each([
    ['a page of another site', { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors' }],
    [
      'a link on it that is followed',
      { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate' },
    ],
    ['a page that names its origin', { Origin: 'https://elsewhere.example' }],
  ])('%s cannot', async (_what, headers) => {
    const buildId = offer();
    await ask(`/v1/kernels/${buildId}`, { headers });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(askedFor(buildId)).toEqual([]);
  });

  test('a depot that asked this one, and so many others, cannot', async () => {
    const buildId = offer();
    const via = ['a', 'b', 'c'].map((letter) => `1.1 btf-depot-${letter.repeat(16)}`).join(', ');
    const { body } = await json(`/v1/kernels/${buildId}?wait=5`, { headers: { Via: via } });
    expect(body.code).toBe('unknown-build-id');
    expect(askedFor(buildId)).toEqual([]);
  });
});

describe('an upstream that is hostile or broken publishes nothing, and the miss says why', () => {
  const endless: RequestListener = (_request, response) => {
    const send = () => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      if (!response.destroyed) response.once('drain', send);
    };
    send();
  };
  const drip: RequestListener = (_request, response) => {
    const timer = setInterval(() => response.write('x'), 50);
    response.once('close', () => clearInterval(timer));
  };
  test.each<[what: string, answer: RequestListener, reason: string]>([
    ['a body without end', endless, 'too-large'],
    ['a byte now and then', drip, 'too-slow'],
    ['nothing', () => undefined, 'timeout'],
    ['503', (_, to) => void to.writeHead(503, { 'Retry-After': '30' }).end(), 'unavailable'],
    ['an end at once', ({ socket }) => void socket.destroy(), 'unreachable'],
    [
      'a redirect into this machine',
      (_, to) => void to.writeHead(302, { Location: 'http://127.0.0.1:1/' }).end(),
      'private-address',
    ],
    ['what is no BTF', (_, to) => void to.end('no such thing'), 'unfit'],
    [
      'a bomb where the debug information should be',
      ({ url = '' }, to) => {
        if (url.includes('/section/')) to.writeHead(404).end();
        else to.end(BOMB);
      },
      'unfit',
    ],
  ])('%s', { timeout: 60_000 }, async (_what, answer, reason) => {
    const buildId = offer();
    upstream.answer = answer;
    const { status, body } = await json(`/v1/kernels/${buildId}?wait=60`);
    expect(status).toBeGreaterThanOrEqual(404);
    expect(body.pull).toMatchObject({ state: 'missed', misses: [{ reason }] });
    expect((await ask(`/v1/kernels/${buildId}/vmlinux.btf`)).ok).toBe(false);
  });

  test('a kernel of another build ID, also behind a claim that was served meanwhile', async () => {
    const buildId = offer({ says: buildIdOf('another') });
    const { status, body } = await json(`/v1/kernels/${buildId}?wait=30`);
    expect([status, body.code]).toEqual([410, 'withdrawn']);
    expect(String(body.detail)).toContain('wrong-build-id');
    expect((await ask(`/v1/kernels/${buildIdOf('another')}`)).status).toBe(404);
    expect((await ask(`/v1/kernels/${buildId}/vmlinux.btf`)).ok).toBe(false);
  });

  test('after a fault is over, a request that says again fetches the kernel', async () => {
    const buildId = offer({ btf: false });
    upstream.answer = (_, to) => void to.writeHead(503).end();
    expect((await ask(`/v1/kernels/${buildId}?wait=30`)).status).toBe(404);
    // Its client would remember 404.
    expect((await ask(`/buildid/${buildId}/section/.BTF`)).status).toBe(406);
    upstream.answer = undefined;
    expect((await ask(`/v1/kernels/${buildId}?wait=30&again`)).status).toBe(200);
  });
});
