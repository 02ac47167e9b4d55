import { expect, test } from 'vitest';
import { cacheFolder } from './cache-folder.ts';

test.each([
  [{ HOME: '/home/me' }, '/home/me/.cache/btf-depot'],
  [{ HOME: '/home/me', XDG_CACHE_HOME: '' }, '/home/me/.cache/btf-depot'],
  [{ HOME: '/home/me', XDG_CACHE_HOME: '/cache' }, '/cache/btf-depot'],
  [{ HOME: '', XDG_CACHE_HOME: '' }, undefined],
  [{}, undefined],
])('%j has its caches in %s', (environment, folder) => {
  expect(cacheFolder(environment)).toBe(folder);
});
