import type { Token } from '@btf-depot/contracts';
import { expect, test } from 'vitest';
import { createToken, type NewToken } from './create-token.ts';
import { TokenGuard } from './token-guard.ts';

const HOUR = 3600 * 1000;
const start = new Date('2026-03-03T00:00:00Z').getTime();

function guarded(options: Partial<NewToken> = {}) {
  const createdAt = new Date(start).toISOString();
  const { text, token } = createToken({ name: 'farm', scopes: ['upload'], createdAt, ...options });
  const held = { token: token as Token | undefined, now: start, reads: 0 };
  const store = {
    get: () => {
      held.reads++;
      return Promise.resolve(held.token);
    },
    put: () => Promise.resolve(),
    list: () => {
      throw new Error('not asked for');
    },
  };
  const guard = new TokenGuard(store, { now: () => new Date(held.now) }, 5000);
  return { held, text, token, ask: (given = `Bearer ${text}`) => guard.authenticate(given) };
}

const unauthorized = { code: 'unauthorized' };
const forbidden = expect.objectContaining({ code: 'forbidden' }) as Error;

test('what is stored of a token does not tell the token', () => {
  const { text, token } = guarded();
  const secret = text.split('_')[2] ?? '';
  expect(secret).toHaveLength(64);
  expect(JSON.stringify(token)).not.toContain(secret);
});

test('a token is known by its text', async () => {
  const { ask, token } = guarded();
  expect(await ask()).toMatchObject({ id: token.id, name: 'farm' });
});

test('a token acts as its owner, and without one as itself', async () => {
  expect((await guarded({ owner: 'debian' }).ask()).principal).toBe('debian');
  const { ask, token } = guarded();
  expect((await ask()).principal).toBe(token.id);
});

test.each([
  ['none', ''],
  ['another kind', 'Basic YTpi'],
  ['something else', 'Bearer secret'],
  ['a path', `Bearer btfd_../../${'0'.repeat(10)}_${'0'.repeat(64)}`],
])('%s is refused without a look at the store', async (_, header) => {
  const { ask, held } = guarded();
  await expect(ask(header)).rejects.toMatchObject(unauthorized);
  expect(held.reads).toBe(0);
});

test('a wrong secret and an unknown ID have the same answer', async () => {
  const { ask, held, token } = guarded();
  const wrong = `Bearer btfd_${token.id}_${'0'.repeat(64)}`;
  const said = await ask(wrong).catch((error: unknown) => error);
  held.token = undefined;
  held.now += HOUR;
  expect(await ask(wrong).catch((error: unknown) => error)).toEqual(said);
});

test('a token ends when it expires', async () => {
  const { ask, held } = guarded({ expiresAt: new Date(start + HOUR).toISOString() });
  held.now += HOUR - 1;
  await ask();
  held.now += 1;
  await expect(ask()).rejects.toMatchObject(unauthorized);
});

test('a revoked token ends within the age, and the store is asked once in it', async () => {
  const { ask, held, token } = guarded();
  await ask();
  held.token = { ...token, revokedAt: new Date(start).toISOString() };
  held.now += 4999;
  await ask();
  expect(held.reads).toBe(1);
  held.now += 1;
  await expect(ask()).rejects.toMatchObject(unauthorized);
});

test('a clock that is set back does not make a revoked token live on', async () => {
  const { ask, held, token } = guarded();
  await ask();
  held.token = { ...token, revokedAt: new Date(start).toISOString() };
  held.now -= HOUR;
  await expect(ask()).rejects.toMatchObject(unauthorized);
});

test('a token does what it is for, and says for which kernels', async () => {
  const holder = await guarded({ distro: 'debian', buildIdPrefix: 'abc' }).ask();
  expect(() => {
    holder.require('upload');
  }).not.toThrow();
  expect(() => {
    holder.require('withdraw');
  }).toThrow(forbidden);
  expect(holder).toMatchObject({ distro: 'debian', buildIdPrefix: 'abc', scopes: ['upload'] });
});

test('admin is for everything', async () => {
  const holder = await guarded({ scopes: ['admin'] }).ask();
  for (const scope of ['upload', 'withdraw', 'restore'] as const) {
    expect(() => {
      holder.require(scope);
    }).not.toThrow();
  }
});
