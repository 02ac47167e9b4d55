import { parseBtf } from '@btf-depot/btf';
import { attachVariables } from '@btf-depot/extras';
import { buildIdOf, kernelBtf } from '@btf-depot/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startFetch, type StartedFetch } from '../testing/start-fetch.ts';

const core = kernelBtf();
const whole = kernelBtf({ globals: true });
const vars = attachVariables(parseBtf(core), parseBtf(whole)).bytes;
const buildId = buildIdOf('kernel');
const bare = buildIdOf('bare');
const withdrawn = buildIdOf('withdrawn');
const broken = buildIdOf('broken');
const kernel = `/v1/kernels/${buildId}`;

let depot: StartedFetch;

beforeAll(async () => {
  // No memory beyond the kernel asked for last: the tests open them anew time and again.
  depot = await startFetch({ BTFDEPOT_OPEN_KERNELS: 1 });
  await depot.store({ core, vars }, { buildId });
  await depot.store({ core }, { buildId: bare });
  await depot.store({ core, vars }, { buildId: withdrawn, state: 'withdrawn' });
  await depot.store({ core: new Uint8Array(64) }, { buildId: broken });
});

afterAll(() => depot.close());

test('a kernel whose blobs are in memory is answered out of them', async () => {
  const hot = buildIdOf('hot');
  const { core: part, parts } = await depot.store({ core, vars }, { buildId: hot });
  for (const sha256 of [part.sha256, parts.vars?.sha256]) {
    expect((await depot.get(`/v1/blobs/sha256/${sha256}`)).status).toBe(200);
  }
  for (const path of ['vars/init_task?as=c', 'vars/init_task?as=btf', 'vmlinux.full.btf']) {
    const bytes = async (id: string) => (await depot.get(`/v1/kernels/${id}/${path}`)).bytes();
    expect(await bytes(hot)).toEqual(await bytes(buildId));
  }
});

// The first answer is computed, the second comes from memory ahead of Express.
describe.each(['first', 'again'])('%s:', () => {
  test('a variable as JSON', async () => {
    const answer = await depot.get(`${kernel}/vars/init_task`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(answer.headers.get('vary')).toBe('Accept');
    expect(await answer.json()).toMatchObject({
      buildId,
      variables: [{ section: '.data', offset: 0, declaration: 'struct task_struct init_task' }],
    });
    const etag = answer.headers.get('etag') ?? '';
    const known = await depot.get(`${kernel}/vars/init_task`, {
      headers: { 'if-none-match': etag },
    });
    expect(known.status).toBe(304);
    const ids = [answer, known].map(({ headers }) => headers.get('x-request-id'));
    expect(ids).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/), expect.any(String)]);
    expect(ids[0]).not.toBe(ids[1]);
  });

  test.each([
    ['?as=c', {}],
    ['', { accept: 'text/x-c' }],
    ['', { accept: 'application/json;q=0.5, text/*' }],
  ])('as C: %s %j', async (query, headers: Record<string, string>) => {
    const answer = await depot.get(`${kernel}/vars/verbose${query}`, { headers });
    expect(answer.headers.get('content-type')).toBe('text/x-c');
    expect(await answer.text()).toContain('extern int verbose;');
  });

  test.each([
    ['?as=btf', {}],
    ['', { accept: 'application/octet-stream' }],
  ])('as BTF: %s %j', async (query, headers: Record<string, string>) => {
    const answer = await depot.get(`${kernel}/vars/tasks${query}`, { headers });
    const btf = parseBtf(new Uint8Array(await answer.arrayBuffer()));
    expect(btf.find('tasks')).toBeDefined();
  });

  test('a near miss names what may have been meant', async () => {
    const answer = await depot.get(`${kernel}/vars/init_taks`);
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({
      code: 'unknown-variable',
      suggestions: ['init_task'],
    });
  });
});

test('a list in pages, by prefix', async () => {
  const names: string[] = [];
  let next: string | undefined = '';
  while (next !== undefined) {
    const page = next === '' ? '' : `&page=${encodeURIComponent(next)}`;
    const answer = await depot.get(`${kernel}/vars?limit=3${page}`);
    const body = (await answer.json()) as { variables: { name: string }[]; next?: string };
    names.push(...body.variables.map(({ name }) => name));
    ({ next } = body);
  }
  expect(names).toEqual(['current_task', 'init_task', 'tasks', 'verbose']);
  const answer = await depot.get(`${kernel}/vars?prefix=init`);
  expect(await answer.json()).toMatchObject({ variables: [{ name: 'init_task' }] });
});

test.each([
  ['match=*task', ['current_task', 'init_task']],
  ['match=?nit*', ['init_task']],
  ['match=*s*&prefix=t', ['tasks']],
  ['match=init_task&prefix=init_task', ['init_task']],
  ['match=*&limit=1&page=tasks~0', ['tasks']],
  ['match=x*', []],
])('a list by pattern: %s', async (query, names) => {
  const answer = await depot.get(`${kernel}/vars?${query}`);
  const { variables } = (await answer.json()) as { variables: { name: string }[] };
  expect(variables.map(({ name }) => name)).toEqual(names);
});

test('a regular expression is told what works', async () => {
  const answer = await depot.get(`${kernel}/vars?match=${encodeURIComponent('^init')}`);
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({
    code: 'bad-query',
    detail: expect.stringContaining('regular expressions do not work') as unknown,
  });
});

function resolve(body: unknown, headers: Record<string, string> = {}) {
  return depot.get(`${kernel}/vars/resolve`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

test('many at once', async () => {
  const answer = await resolve({ names: ['tasks', 'nothing'] });
  expect(await answer.json()).toMatchObject({
    found: [{ name: 'tasks' }],
    missing: [{ name: 'nothing' }],
  });
});

test.each([
  [415, 'unsupported-media', '{}', { 'content-type': 'text/plain' }],
  [415, 'unsupported-media', '{}', { 'content-encoding': 'gzip' }],
  [400, 'bad-body', '{', {}],
  [400, 'bad-body', '['.repeat(100_000), {}],
  [400, 'bad-body', { names: [] }, {}],
  [400, 'bad-body', { names: ['x'.repeat(2000)] }, {}],
  [400, 'bad-body', { names: ['a'], more: 1 }, {}],
  [413, 'too-large', ' '.repeat(200_000), {}],
])('resolve: %i %s', async (status, code, body, headers: Record<string, string>) => {
  const answer = await resolve(body, headers);
  expect(answer.status).toBe(status);
  expect(await answer.json()).toMatchObject({ code });
});

test.each([
  [404, 'unknown-build-id', `/v1/kernels/${buildIdOf('nobody')}/vars/init_task`],
  [404, 'no-vars', `/v1/kernels/${bare}/vars/init_task`],
  [410, 'withdrawn', `/v1/kernels/${withdrawn}/vars/init_task`],
  [410, 'withdrawn', `/v1/kernels/${withdrawn}/vars`],
  [422, 'bad-btf', `/v1/kernels/${broken}/vars/init_task`],
  [400, 'bad-build-id', '/v1/kernels/xyz/vars'],
  [400, 'bad-query', `${kernel}/vars/init_task?as=xml`],
  [400, 'bad-query', `${kernel}/vars/init_task?as=c&as=c`],
  [400, 'bad-query', `${kernel}/vars?limit=0`],
  [400, 'bad-query', `${kernel}/vars?limit=99999`],
  [400, 'bad-query', `${kernel}/vars?page=xyz`],
  [400, 'bad-query', `${kernel}/vars?colour=red`],
  [404, 'unknown-variable', `${kernel}/vars/..%2f..%2fetc`],
  [404, 'unknown-variable', `${kernel}/vars/${'a'.repeat(5000)}`],
  [405, 'method-not-allowed', `${kernel}/vars/init_task`, 'DELETE'],
])('%i %s: %s', async (status, code, path, method?: string) => {
  const answer = await depot.get(path, { method: method ?? 'GET' });
  expect(answer.status).toBe(status);
  expect(await answer.json()).toMatchObject({ code, status });
});

test.each(['0', '1001', '99999', 'many'])(
  'a page of %s is told how many it may have',
  async (limit) => {
    const answer = await depot.get(`${kernel}/vars?limit=${limit}`);
    expect(await answer.json()).toMatchObject({
      detail: 'limit: expected a whole number from 1 to 1000',
    });
  },
);

test('per-CPU variables of a kernel that came without others', async () => {
  const answer = await depot.get(`/v1/kernels/${bare}/vars/current_task`);
  expect(await answer.json()).toMatchObject({ variables: [{ perCpu: true, from: 'core' }] });
});

test('many kernels asked for at once, with room for one', async () => {
  const ids = Array.from({ length: 8 }, (_, index) => buildIdOf(`many ${index}`));
  for (const id of ids) await depot.store({ core, vars }, { buildId: id });
  const answers = await Promise.all(
    ids.map((id) => depot.get(`/v1/kernels/${id}/vars/tasks`).then(({ status }) => status)),
  );
  // Each question is answered with the kernel that was opened for it, whatever pushes that out.
  expect(answers).toEqual(ids.map(() => 200));
});
