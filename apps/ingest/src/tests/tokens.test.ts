import { setTimeout as sleep } from 'node:timers/promises';
import { kernelPath } from '@btf-depot/contracts';
import { createToken, type NewToken } from '@btf-depot/depot';
import { buildIdOf, kernelBtf, kernelFile } from '@btf-depot/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startIngest } from '../testing/start-ingest.ts';

let ingest: Awaited<ReturnType<typeof startIngest>>;

beforeAll(async () => {
  ingest = await startIngest({ BTFDEPOT_TOKENS: 'all', BTFDEPOT_TOKEN_AGE: '0.1' });
});

afterAll(() => ingest.stop());

async function tokenFor(options: Partial<NewToken>) {
  const createdAt = new Date().toISOString();
  const made = createToken({ name: 'test', scopes: ['upload'], createdAt, ...options });
  await ingest.tokens.put(made.token);
  return made;
}

const bearer = (text: string) => ({ Authorization: `Bearer ${text}` });

async function ask(path: string, init: RequestInit = {}) {
  const response = await fetch(`${ingest.url}${path}`, init);
  const body = (await response.json()) as { code?: string; detail?: string };
  return { status: response.status, headers: response.headers, body };
}

function send(seed: string, text: string | undefined, query = '', btf = kernelBtf()) {
  const body = new Uint8Array(kernelFile({ buildId: buildIdOf(seed), btf }));
  const headers = text === undefined ? {} : bearer(text);
  return ask(`/v1/kernels${query}`, { method: 'POST', body, headers });
}

function withdraw(seed: string, text: string, body: object) {
  const headers = { ...bearer(text), 'Content-Type': 'application/json' };
  const init = { method: 'DELETE', headers, body: JSON.stringify(body) };
  return ask(kernelPath(buildIdOf(seed)), init);
}

describe('an upload', () => {
  test('without a token is refused before it is read', async () => {
    const { status, headers, body } = await send('none', undefined);
    expect([status, body.code]).toEqual([401, 'unauthorized']);
    expect(headers.get('www-authenticate')).toBe('Bearer');
  });

  test('with one is taken, and the record says with which', async () => {
    const { text, token } = await tokenFor({});
    expect((await send('one', text)).status).toBe(201);
    expect((await ingest.record(buildIdOf('one')))?.sources).toMatchObject([
      { uploader: token.id },
    ]);
  });

  test('of another distribution, or another build ID, than the token is for, leaves nothing', async () => {
    const { text } = await tokenFor({ distro: 'debian' });
    const before = await ingest.left();
    expect((await send('scoped', text, '?distro=ubuntu')).body.code).toBe('forbidden');
    const prefixed = await tokenFor({ buildIdPrefix: 'zz' });
    expect((await send('scoped', prefixed.text)).body.code).toBe('forbidden');
    expect(await ingest.left()).toEqual(before);
    expect((await send('scoped', text, '?distro=debian')).status).toBe(201);
  });

  test('to a kernel of another distribution is refused, whatever it says of itself', async () => {
    const ubuntu = await tokenFor({ distro: 'ubuntu' });
    await send('theirs', ubuntu.text);
    const { text } = await tokenFor({ distro: 'debian' });
    expect((await send('theirs', text, '?distro=debian')).status).toBe(403);
  });

  test('with a token that was revoked is refused a moment later, without a restart', async () => {
    const { text, token } = await tokenFor({});
    expect((await send('revoked', text)).status).toBe(201);
    await ingest.tokens.put({ ...token, revokedAt: new Date().toISOString() });
    await sleep(150);
    expect((await send('revoked', text)).body).toMatchObject({ detail: 'the token was revoked' });
  });
});

describe('a withdrawn kernel', () => {
  const reason = 'its types were wrong';

  test('is answered 410 with the public reason, and the internal one is nowhere', async () => {
    const { text } = await tokenFor({ scopes: ['upload', 'withdraw'] });
    await send('gone', text);
    const answer = await withdraw('gone', text, { reason, internal: 'ticket-7' });
    expect(answer).toMatchObject({ status: 200, body: { state: 'withdrawn' } });
    const record = await ask(kernelPath(buildIdOf('gone')), { headers: bearer(text) });
    expect(record).toMatchObject({ status: 410, body: { code: 'withdrawn' } });
    expect(record.body.detail).toContain(reason);
    const path = `${kernelPath(buildIdOf('gone'))}/status`;
    const status = await ask(path, { headers: bearer(text) });
    expect(status.body).toMatchObject({ state: 'withdrawn', report: { withdrawal: { reason } } });
    expect(JSON.stringify([answer, record, status])).not.toContain('ticket-7');
    const stored = await ingest.record(buildIdOf('gone'));
    expect(stored?.withdrawal).toMatchObject({ internal: 'ticket-7' });
  });

  test('comes back by an upload that may restore it, and by no other', async () => {
    const { text } = await tokenFor({ scopes: ['upload', 'withdraw'] });
    await send('back', text);
    await withdraw('back', text, { reason });
    expect((await send('back', text)).status).toBe(410);
    expect((await send('back', text, '?restore=true')).status).toBe(403);
    const restorer = await tokenFor({ scopes: ['upload', 'restore'] });
    expect((await send('back', restorer.text)).status).toBe(410);
    const other = kernelBtf({ name: 'mended' });
    expect((await send('back', restorer.text, '?restore=true', other)).status).toBe(201);
    const record = await ingest.record(buildIdOf('back'));
    expect(record).toMatchObject({
      state: 'compressing',
      revision: 2,
      core: { size: other.length },
    });
    expect(record).not.toHaveProperty('withdrawal');
  });

  test.each([
    ['nothing', {}],
    ['an empty reason', { reason: ' ' }],
    ['another field', { reason, why: 'so' }],
  ])('is not made by %s', async (_, body) => {
    const { text } = await tokenFor({ scopes: ['admin'] });
    await send('stays', text);
    expect((await withdraw('stays', text, body)).body.code).toBe('bad-body');
    expect((await ingest.record(buildIdOf('stays')))?.state).toBe('compressing');
  });

  test('is not made by a token that is for uploads', async () => {
    const { text } = await tokenFor({});
    await send('stays', text);
    expect((await withdraw('stays', text, { reason })).status).toBe(403);
  });
});

describe('another core under a published build ID', () => {
  const other = kernelBtf({ name: 'another' });

  test('is taken with the scope for it, and nothing of the old one stays', async () => {
    const { text } = await tokenFor({});
    await send('replaced', text);
    expect((await send('replaced', text, '?replace=true', other)).status).toBe(403);
    const replacer = await tokenFor({ scopes: ['upload', 'replace'] });
    expect((await send('replaced', replacer.text, '', other)).body.code).toBe('core-conflict');
    expect((await send('replaced', replacer.text, '?replace=true', other)).status).toBe(201);
    expect(await ingest.record(buildIdOf('replaced'))).toMatchObject({
      state: 'compressing',
      revision: 2,
      core: { size: other.length },
      artifacts: {},
      sources: [{ uploader: replacer.token.id }],
    });
    expect((await send('replaced', text)).body.code).toBe('core-conflict');
  });
});

describe('a token that keeps what is sent with it for a time', () => {
  test('says when that ends, and one that keeps it for ever says it does not', async () => {
    const ci = await tokenFor({ owner: 'farm', keepDays: 28 });
    await send('built', ci.text);
    const until = (await ingest.record(buildIdOf('built')))?.keptUntil ?? '';
    const days = (Date.parse(until) - Date.now()) / (24 * 3600 * 1000);
    expect(days).toBeGreaterThan(27.9);
    expect(days).toBeLessThan(28);
    const release = await tokenFor({ owner: 'farm' });
    expect((await send('built', release.text)).status).toBe(200);
    expect(await ingest.record(buildIdOf('built'))).not.toHaveProperty('keptUntil');
    expect((await send('built', ci.text)).status).toBe(200);
    expect(await ingest.record(buildIdOf('built'))).not.toHaveProperty('keptUntil');
  });

  test('brings a kernel back whose time was over', async () => {
    const { text } = await tokenFor({ keepDays: 28 });
    await send('over', text);
    const stored = await ingest.records.get(buildIdOf('over'));
    if (!stored) throw new Error('no record');
    const withdrawal = { reason: 'over', at: new Date().toISOString(), expired: true } as const;
    await ingest.records.put({ ...stored.record, state: 'withdrawn', withdrawal }, stored.version);
    expect((await send('over', text)).status).toBe(201);
    expect(await ingest.record(buildIdOf('over'))).toMatchObject({
      state: 'compressing',
      revision: 2,
    });
  });
});

test('a token that has used its share of the store is refused', async () => {
  const { text } = await tokenFor({ storage: 1 });
  expect((await send('first', text)).status).toBe(201);
  const { status, body } = await send('second', text);
  expect([status, body.code]).toEqual([507, 'storage-exceeded']);
});

test('the audit log says who published and withdrew what, of which file', async () => {
  const { text, token } = await tokenFor({ scopes: ['upload', 'withdraw'] });
  await send('audited', text, '?distro=debian');
  await withdraw('audited', text, { reason: 'wrong types' });
  const entries = await ingest.audited();
  expect(entries.filter(({ by }) => by === token.id)).toMatchObject([
    {
      msg: 'upload',
      byName: 'test',
      outcome: 'created',
      buildId: buildIdOf('audited'),
      distro: 'debian',
      source: { kind: 'elf', encoder: expect.stringMatching(/^btf-depot /) as string },
    },
    { msg: 'withdrawn', buildId: buildIdOf('audited'), reason: 'wrong types' },
  ]);
});

describe('a depot that only token holders read', () => {
  test('answers nobody else, but says that it lives', async () => {
    expect((await ask('/v1/kernels/abcdef01/status')).body.code).toBe('unauthorized');
    expect((await ask('/healthz')).status).toBe(200);
  });

  test('answers every token', async () => {
    const { text } = await tokenFor({ scopes: ['read'] });
    const answer = await ask('/v1/kernels/abcdef01/status', { headers: bearer(text) });
    expect(answer.body.code).toBe('unknown-build-id');
    expect(answer.headers.get('cache-control')).not.toContain('public');
  });
});
