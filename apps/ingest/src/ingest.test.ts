import { createHash } from 'node:crypto';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { kernelPath, type KernelStatus } from '@btf-depot/contracts';
import { Machine } from '@btf-depot/elf';
import { buildIdOf, HOSTILE_NAMES, kernelBtf, kernelFile, TEST_GLOBALS } from '@btf-depot/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startIngest } from './testing/start-ingest.ts';

let ingest: Awaited<ReturnType<typeof startIngest>>;

beforeAll(async () => {
  ingest = await startIngest({});
});

afterAll(() => ingest.stop());

interface Answer {
  status: number;
  headers: Headers;
  body: KernelStatus & { code?: string; detail?: string };
}

type Body = string | Uint8Array<ArrayBuffer> | FormData;

async function send(body: Body, query = '', init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(`${ingest.url}/v1/kernels${query}`, {
    method: 'POST',
    body,
    ...init,
  });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Answer['body'],
  };
}

function parts(files: Record<string, Uint8Array>): FormData {
  const form = new FormData();
  for (const [name, bytes] of Object.entries(files)) {
    form.append(name, new Blob([new Uint8Array(bytes)]), name);
  }
  return form;
}

function kernel(seed: string, options: Parameters<typeof kernelFile>[0] = {}) {
  const buildId = buildIdOf(seed);
  return { buildId, bytes: new Uint8Array(kernelFile({ buildId, ...options })) };
}

describe('a kernel with BTF inside', () => {
  test('is taken, and answered once it is stored', async () => {
    const { buildId, bytes } = kernel('taken');
    const { status, headers, body } = await send(bytes);
    expect(status).toBe(201);
    expect(headers.get('location')).toBe(kernelPath(buildId));
    expect(body).toMatchObject({ buildId, revision: 1, state: 'compressing' });
    expect(await ingest.record(buildId)).toMatchObject({
      delivery: 'builtin',
      arch: 'x86_64',
      core: { origin: 'verbatim', size: kernelBtf().length },
      parts: {},
    });
  });

  test('is taken by PUT, as curl -T sends it', async () => {
    const { bytes } = kernel('put');
    expect((await send(bytes, '', { method: 'PUT' })).status).toBe(201);
  });

  test('brings variables when the full BTF of its build stands beside it', async () => {
    const { buildId, bytes } = kernel('full');
    const form = parts({ kernel: bytes, full: kernelBtf({ globals: true }) });
    expect((await send(form)).status).toBe(201);
    const record = await ingest.record(buildId);
    expect(record?.parts).toMatchObject({
      vars: { variables: TEST_GLOBALS.length, origin: 'full', baseSha256: record?.core.sha256 },
    });
    expect(record?.sources.map(({ part }) => part)).toEqual(['kernel', 'full']);
  });

  test.each([
    { class: 32, endian: 'little', machine: Machine.ARM, arch: 'arm' },
    { class: 32, endian: 'big', machine: Machine.PPC, arch: 'ppc' },
    { class: 64, endian: 'big', machine: Machine.S390, arch: 's390x' },
    { class: 64, endian: 'little', machine: Machine.AARCH64, arch: 'aarch64' },
  ] as const)('of $arch is taken as any other', async ({ arch, ...options }) => {
    const { endian, class: bits } = options;
    const { buildId, bytes } = kernel(arch, { ...options, btf: kernelBtf({ endian, bits }) });
    const full = kernelBtf({ endian, bits, globals: true });
    expect((await send(parts({ kernel: bytes, full }))).status).toBe(201);
    expect(await ingest.record(buildId)).toMatchObject({ arch, endian, bits });
  });

  test('comes compressed, with the digest of what was sent', async () => {
    for (const [encoding, compress] of [
      ['gzip', gzipSync],
      ['zstd', zstdCompressSync],
    ] as const) {
      const packed = compress(kernel(encoding).bytes);
      const digest = createHash('sha256').update(packed).digest('base64');
      const headers = { 'Content-Encoding': encoding, 'Content-Digest': `sha-256=:${digest}:` };
      expect((await send(packed, '', { headers })).status).toBe(201);
    }
  });
});

test('a kernel without BTF and debug information is told what to send, and goes through with its full BTF', async () => {
  const { buildId, bytes } = kernel('without', { btf: undefined });
  expect((await send(bytes)).body.detail).toMatch(/package with debug information/);
  const form = parts({ kernel: bytes, full: kernelBtf({ globals: true }) });
  expect((await send(form)).status).toBe(201);
  expect(await ingest.record(buildId)).toMatchObject({
    delivery: 'module',
    core: { origin: 'partition' },
    parts: { vars: { variables: TEST_GLOBALS.length, origin: 'partition' } },
  });
});

describe('BTF without its kernel', () => {
  test('is partitioned, and travels in the module', async () => {
    const buildId = buildIdOf('raw');
    const body = new Uint8Array(kernelBtf({ globals: true }));
    const { status } = await send(body, `?buildId=${buildId}&release=6.1-x&distro=debian&arch=arm`);
    expect(status).toBe(201);
    expect(await ingest.record(buildId)).toMatchObject({
      delivery: 'module',
      core: { origin: 'partition' },
      parts: { vars: { variables: TEST_GLOBALS.length, origin: 'partition' } },
      release: '6.1-x',
      distro: 'debian',
      arch: 'arm',
      bits: 64,
    });
  });

  test('stays whole where its extras are not wanted', async () => {
    const buildId = buildIdOf('whole');
    const body = new Uint8Array(kernelBtf({ globals: true }));
    expect((await send(body, `?buildId=${buildId}&extras=`)).status).toBe(201);
    expect(await ingest.record(buildId)).toMatchObject({
      core: { origin: 'verbatim', size: body.length },
      parts: {},
    });
  });
});

describe('the same upload again', () => {
  test('is answered 200, and nothing is written', async () => {
    const { buildId, bytes } = kernel('again');
    await send(bytes);
    const before = [await ingest.records.get(buildId), await ingest.left()];
    const { status, body } = await send(bytes);
    expect(status).toBe(200);
    expect(body).toMatchObject({ buildId, revision: 1 });
    expect([await ingest.records.get(buildId), await ingest.left()]).toEqual(before);
  });

  test('with variables this time raises the revision', async () => {
    const { bytes } = kernel('later');
    await send(bytes);
    const form = parts({ kernel: bytes, full: kernelBtf({ globals: true }) });
    expect(await send(form)).toMatchObject({ status: 201, body: { revision: 2 } });
    expect(await send(bytes)).toMatchObject({ status: 200, body: { revision: 2 } });
  });

  test('at the same moment makes one record that has it all', async () => {
    const { buildId, bytes } = kernel('twins');
    const form = () => parts({ kernel: bytes, full: kernelBtf({ globals: true }) });
    const answers = await Promise.all([send(bytes), send(form()), send(bytes), send(form())]);
    for (const { status } of answers) expect([200, 201]).toContain(status);
    const record = await ingest.record(buildId);
    expect(record?.parts).toHaveProperty('vars');
    expect(record?.sources.map(({ part }) => part).sort()).toEqual(['full', 'kernel']);
  });
});

describe('refused, and nothing is left behind:', () => {
  const full = kernelBtf({ globals: true });
  const foreign = kernelBtf({ globals: true, name: 'nodesc' });
  const cases: [what: string, status: number, code: string, body: () => Body, query?: string][] = [
    ['an empty body', 415, 'unsupported-media', () => new Uint8Array()],
    ['neither ELF nor BTF', 415, 'unsupported-media', () => 'MZ, perhaps a vmlinuz'],
    ['ELF without build ID', 422, 'no-build-id', () => kernel('x', { buildId: undefined }).bytes],
    [
      'ELF without BTF, and nothing else',
      422,
      'no-core',
      () => kernel('no-core', { btf: undefined }).bytes,
    ],
    [
      'ELF without BTF that is to keep it inside',
      422,
      'no-btf',
      () => kernel('no-btf', { btf: undefined }).bytes,
      '?delivery=builtin',
    ],
    ['BTF without a build ID', 422, 'no-build-id', () => new Uint8Array(kernelBtf())],
    [
      'malformed BTF in a kernel',
      422,
      'bad-btf',
      () => kernel('bad', { btf: kernelBtf().subarray(0, 60) }).bytes,
    ],
    [
      'the full BTF of another kernel',
      422,
      'foreign-full',
      () => parts({ kernel: kernel('foreign').bytes, full: foreign }),
    ],
    [
      'a full BTF that is none',
      415,
      'unsupported-media',
      () => parts({ kernel: kernel('none').bytes, full: Buffer.from('nothing') }),
    ],
    ['variables without any kernel', 422, 'no-build-id', () => parts({ full })],
    ['an empty multipart body', 422, 'missing-part', () => parts({})],
    [
      'multipart with an unknown part',
      400,
      'bad-multipart',
      () => parts({ kernel: kernel('unknown-part').bytes, cellar: full }),
    ],
    [
      'another build ID than its own',
      400,
      'bad-query',
      () => kernel('own').bytes,
      '?buildId=abcdef01',
    ],
    ['a build ID that is none', 400, 'bad-query', () => kernel('q').bytes, '?buildId=../../etc'],
    ['an unknown extra', 400, 'bad-query', () => kernel('e').bytes, '?extras=vars,cellar'],
    ['an unknown parameter', 400, 'bad-query', () => kernel('p').bytes, '?colour=red'],
    [
      'a release with control characters',
      400,
      'bad-query',
      () => kernel('r').bytes,
      '?release=%1b[2J',
    ],
  ];

  test.each(cases)('%s (%i %s)', async (_what, status, code, body, query) => {
    const before = await ingest.left();
    const answer = await send(body(), query);
    expect(answer).toMatchObject({ status, body: { code } });
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(await ingest.left()).toEqual(before);
  });

  test('the full BTF of another kernel: the answer says how many types matched', async () => {
    const form = parts({ kernel: kernel('foreign').bytes, full: foreign });
    expect((await send(form)).body.detail).toMatch(/0 of the 1 named structs/);
  });

  test('another core under a build ID that is published', async () => {
    const { buildId, bytes } = kernel('published');
    await send(bytes);
    const before = [await ingest.records.get(buildId), await ingest.left()];
    const other = kernel('published', { btf: kernelBtf({ name: 'other' }) });
    expect(await send(other.bytes)).toMatchObject({ status: 409, body: { code: 'core-conflict' } });
    expect([await ingest.records.get(buildId), await ingest.left()]).toEqual(before);
  });

  test('a body that is not what its digest says, or not what its encoding says', async () => {
    const { bytes } = kernel('digest');
    const before = await ingest.left();
    const digest = createHash('sha256').update('something else').digest('base64');
    for (const wrong of [`:${digest}:`, ':AAAA:', digest, '']) {
      const headers = { 'Content-Digest': `sha-512=:AAAA:, sha-256=${wrong}` };
      expect(await send(bytes, '', { headers })).toMatchObject({
        body: { code: 'digest-mismatch' },
      });
    }
    for (const encoding of ['gzip', 'zstd']) {
      const headers = { 'Content-Encoding': encoding };
      expect(await send(bytes, '', { headers })).toMatchObject({ body: { code: 'bad-encoding' } });
    }
    const headers = { 'Content-Encoding': 'compress' };
    expect(await send(bytes, '', { headers })).toMatchObject({ status: 415 });
    expect(await ingest.left()).toEqual(before);
  });

  test('a kernel truncated at each 64 kB of the way', async () => {
    const { bytes } = kernel('long', { ballast: 640 * 1024 });
    const before = await ingest.left();
    const sizes = Array.from({ length: Math.ceil(bytes.length / 65536) }, (_, i) => i * 65536);
    for (const size of sizes) {
      const { status, body } = await send(bytes.slice(0, size));
      expect([415, 422], `${size} bytes: ${JSON.stringify(body)}`).toContain(status);
    }
    expect(sizes.length).toBeGreaterThan(10);
    expect(await ingest.left()).toEqual(before);
    expect((await send(bytes)).status).toBe(201);
  });

  test.each(HOSTILE_NAMES.filter((name) => name !== '' && !/^\.\.?$/.test(name)))(
    'the build ID %j in a URL',
    async (name) => {
      const path = `/v1/kernels/${encodeURIComponent(name)}`;
      for (const url of [`${ingest.url}${path}`, `${ingest.url}${path}/status`]) {
        const response = await fetch(url);
        expect(response.status).toBe(400);
        expect(await response.json()).toMatchObject({ code: 'bad-build-id' });
      }
    },
  );
});

test.each([
  [{ BTFDEPOT_WORK_TIME: '0.001' }, 'time-limit'],
  [{ BTFDEPOT_WORK_MEMORY: '1' }, 'memory-limit'],
] as const)('work past %o is refused: %s', async (limit, code) => {
  const limited = await startIngest(limit);
  const before = await limited.left();
  const { bytes } = kernel('limited');
  const answer = await fetch(`${limited.url}/v1/kernels`, { method: 'POST', body: bytes });
  expect(answer.status).toBe(422);
  expect(await answer.json()).toMatchObject({ code });
  expect(await limited.left()).toEqual(before);
  await limited.stop();
});
