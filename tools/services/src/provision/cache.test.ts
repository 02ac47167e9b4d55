import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { cacheFolder } from './cache-folder.ts';
import { cached, isCached } from './cache.ts';

// Not from libs/testing, which depends on this package.
const folder = join(tmpdir(), `btf-depot-test-${randomUUID()}`);
beforeEach(() => {
  mkdirSync(folder);
  vi.stubEnv('BTFDEPOT_CACHE', folder);
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
  vi.unstubAllEnvs();
});

it('follows XDG_CACHE_HOME where no folder of our own is named', () => {
  vi.stubEnv('BTFDEPOT_CACHE', undefined);
  vi.stubEnv('XDG_CACHE_HOME', '/somewhere');
  expect(cacheFolder()).toBe('/somewhere/btf-depot');
});

it('makes a recipe once, also for those who ask at the same time', async () => {
  let made = 0;
  const make = async (into: string) => {
    made++;
    await sleep(20);
    writeFileSync(join(into, 'product'), 'x');
  };
  const asked = await Promise.all([1, 2, 3].map(() => cached('tools/one', { v: 1 }, make)));
  expect(new Set(asked).size).toBe(1);
  expect(made).toBe(1);
  await cached('tools/one', { v: 2 }, make);
  expect(made).toBe(2);
});

it('leaves nothing that looks made when making fails, and clears up at the next try', async () => {
  await expect(cached('one', 1, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(isCached('one', 1)).toBe(false);
  const at = await cached('one', 1, () => Promise.resolve());
  expect(readdirSync(folder).filter((name) => name.startsWith('one'))).toEqual([
    at.slice(folder.length + 1),
  ]);
});
