import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseBtf } from '@btf-depot/btf';
import { createLogger, startHttpService } from '@btf-depot/service-kit';
import { attachVariables } from '@btf-depot/extras';
import { buildIdOf, kernelBtf, kernelRecord } from '@btf-depot/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFetch } from '../index.ts';
import { startFetch, TEST_SETTINGS, type StartedFetch } from '../testing/start-fetch.ts';

const core = kernelBtf();
const vars = attachVariables(parseBtf(core), parseBtf(kernelBtf({ globals: true }))).bytes;
const buildId = buildIdOf('kernel');

let depot: StartedFetch;

beforeAll(async () => {
  depot = await startFetch();
  // Its parts are served as soon as they are durable, carriers or not.
  await depot.store({ core, vars }, { buildId, state: 'compressing' });
  await depot.store({ core }, { buildId: buildIdOf('bare') });
  await depot.store({ core }, { buildId: buildIdOf('gone'), state: 'withdrawn' });
});

afterAll(() => depot.close());

// The first answer comes from the store, the second from memory ahead of Express.
describe.each(['first', 'again'])('%s:', () => {
  test.each([
    ['.BTF', core],
    ['.BTF.vars', vars],
  ])('section %s', async (section, bytes) => {
    const answer = await depot.get(`/buildid/${buildId}/section/${section}`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-debuginfod-size')).toBe(String(bytes.length));
    expect(answer.headers.get('x-debuginfod-file')).toBe('vmlinux');
    expect(answer.headers.get('content-encoding')).toBeNull();
    const { uploadedAt } = kernelRecord({ buildId });
    const seconds = Math.floor(Date.parse(uploadedAt) / 1000);
    expect(Date.parse(answer.headers.get('last-modified') ?? '') / 1000).toBe(seconds);
    expect(new Uint8Array(await answer.arrayBuffer())).toEqual(bytes);
  });
});

test.each([
  ['unknown-build-id', `/buildid/${buildIdOf('nobody')}/section/.BTF`],
  ['unknown-artifact', `/buildid/${buildId}/section/.text`],
  ['unknown-artifact', `/buildid/${buildId}/section/.BTF.__proto__`],
  ['no-vars', `/buildid/${buildIdOf('bare')}/section/.BTF.vars`],
  ['no-vars', `/buildid/${buildId}/section/.BTF.ksyms`],
  ['no-inlines', `/buildid/${buildId}/section/.BTF.inlines`],
  ['no-inlines', `/buildid/${buildId}/section/.BTF.inline`],
  ['unknown-artifact', `/buildid/${buildIdOf('gone')}/section/.BTF`],
  ['unknown-artifact', '/buildid/xyz/section/.BTF'],
  ['not-found', `/buildid/${buildId}/debuginfo`],
  ['not-found', `/buildid/${buildId}/source/etc/passwd`],
])('what is missing is 404: %s %s', async (code, path) => {
  const answer = await depot.get(path);
  expect(answer.status).toBe(404);
  expect(await answer.json()).toMatchObject({ code });
});

test('a record that only a newer version can read is no miss', async () => {
  const newer = buildIdOf('newer');
  const path = join(depot.folder, 'kernels', newer.slice(0, 2), newer, 'record');
  await mkdir(path, { recursive: true });
  await writeFile(join(path, '1.json'), JSON.stringify({ schema: 99, buildId: newer, core: 1 }));
  const section = await depot.get(`/buildid/${newer}/section/.BTF`);
  expect([section.status, await section.json()]).toMatchObject([406, { code: 'not-now' }]);
  const record = await depot.get(`/v1/kernels/${newer}`);
  expect([record.status, await record.json()]).toMatchObject([503, { code: 'newer-schema' }]);
});

test('a temporary failure is 406, which the client does not remember', async () => {
  const log = createLogger('fetch', 'silent');
  const down = () => Promise.reject(new Error('no route to store'));
  const blobs = new Proxy(depot.blobs, { get: () => down });
  const service = await startHttpService({
    host: '127.0.0.1',
    port: 0,
    log,
    ...createFetch({ blobs, records: depot.records }, TEST_SETTINGS, log),
  });
  const answer = await fetch(`${service.url}/buildid/${buildId}/section/.BTF`);
  expect(answer.status).toBe(406);
  expect(await answer.json()).toMatchObject({ code: 'not-now' });
  await service.close();
});
