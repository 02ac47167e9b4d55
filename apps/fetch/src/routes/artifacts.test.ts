import { gzipSync, zstdCompressSync } from 'node:zlib';
import { parseBtf, verifyBtf } from '@btf-depot/btf';
import { attachVariables } from '@btf-depot/extras';
import { buildIdOf, kernelBtf, sha256Of, someBytes, TEST_GLOBALS } from '@btf-depot/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startFetch, type StartedFetch } from '../testing/start-fetch.ts';

const core = kernelBtf();
const vars = attachVariables(parseBtf(core), parseBtf(kernelBtf({ globals: true }))).bytes;
const module = someBytes(5000, 'module');
const forms = {
  'btf_vmlinux.ko': module,
  'btf_vmlinux.ko.gz': gzipSync(module),
  'btf_vmlinux.ko.zst': zstdCompressSync(module),
};
const buildId = buildIdOf('kernel');
const kernel = `/v1/kernels/${buildId}`;

let depot: StartedFetch;

beforeAll(async () => {
  depot = await startFetch();
  const artifacts = Object.fromEntries(
    Object.entries(forms).map(([name, bytes]) => [
      name,
      { sha256: sha256Of(bytes), size: bytes.length, mediaType: 'application/octet-stream' },
    ]),
  );
  for (const bytes of Object.values(forms)) await depot.blobs.put(sha256Of(bytes), bytes);
  await depot.store({ core, vars }, { buildId, artifacts });
  await depot.store({ core }, { buildId: buildIdOf('bare') });
});

afterAll(() => depot.close());

describe.each(['first', 'again'])('%s:', () => {
  test.each([
    ['gzip', 'gzip', '.gz'],
    ['gzip, zstd', 'zstd', '.zst'],
    ['zstd;q=0.1, gzip;q=0.2', 'gzip', '.gz'],
    ['identity', null, ''],
    ['br', null, ''],
  ])('Accept-Encoding: %s gives what is stored as %s', async (accept, encoding, ending) => {
    const bytes = forms[`btf_vmlinux.ko${ending}` as keyof typeof forms];
    const answer = await depot.get(`${kernel}/btf_vmlinux.ko`, {
      headers: { 'accept-encoding': accept },
    });
    expect(answer.headers.get('content-encoding')).toBe(encoding);
    expect(answer.headers.get('vary')).toBe('Accept-Encoding');
    expect(answer.headers.get('etag')).toBe(`"${sha256Of(bytes)}"`);
    expect(answer.headers.get('content-length')).toBe(String(bytes.length));
  });

  test('an artifact that is compressed by its name is sent as it is', async () => {
    const answer = await depot.get(`${kernel}/btf_vmlinux.ko.gz`);
    expect(answer.headers.get('content-encoding')).toBeNull();
    expect(answer.headers.get('vary')).toBeNull();
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(forms['btf_vmlinux.ko.gz']);
  });
});

describe('vmlinux.full.btf', () => {
  test('has the types and the variables, in one BTF', async () => {
    const answer = await depot.get(`${kernel}/vmlinux.full.btf`);
    const bytes = new Uint8Array(await answer.arrayBuffer());
    expect(answer.headers.get('etag')).toBe(`"${sha256Of(bytes)}"`);
    expect(verifyBtf(bytes)).toEqual([]);
    const btf = parseBtf(bytes);
    for (const name of [...TEST_GLOBALS, 'current_task', 'task_struct']) {
      expect(btf.find(name)).toBeDefined();
    }
    const tail = await depot.get(`${kernel}/vmlinux.full.btf`, { headers: { range: 'bytes=-9' } });
    expect(new Uint8Array(await tail.arrayBuffer())).toEqual(bytes.slice(-9));
  });

  test('is core if there is nothing else', async () => {
    const answer = await depot.get(`/v1/kernels/${buildIdOf('bare')}/vmlinux.full.btf`);
    expect(new Uint8Array(await answer.arrayBuffer())).toEqual(core);
  });
});

describe('pages of other origins', () => {
  const origin = { origin: 'https://page.example' };

  test.each([`${kernel}/btf_vmlinux.ko`, kernel, `${kernel}/vars`, '/v1/kernels', '/nothing'])(
    'may read %s',
    async (path) => {
      const answer = await depot.get(path, { headers: origin });
      expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    },
  );

  test('may ask with the headers of ranges and conditions', async () => {
    const answer = await depot.get(`${kernel}/btf_vmlinux.ko`, {
      method: 'OPTIONS',
      headers: { ...origin, 'access-control-request-headers': 'if-none-match' },
    });
    expect(answer.status).toBe(204);
    expect(answer.headers.get('access-control-allow-headers')).toContain('If-None-Match');
    expect(answer.headers.get('access-control-allow-methods')).not.toContain('PUT');
  });

  test('may not read answers to requests that change something', async () => {
    const answer = await depot.get('/v1/kernels', { method: 'POST', headers: origin });
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  });
});
