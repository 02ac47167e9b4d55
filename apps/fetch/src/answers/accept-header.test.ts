import { expect, test } from 'vitest';
import { preferred } from './accept-header.ts';

test.each([
  ['gzip', 'gzip'],
  ['gzip;q=0', undefined],
  ['gzip, zstd', 'zstd'],
  ['gzip;q=0.9, zstd;q=0.5', 'gzip'],
  ['*', 'zstd'],
  ['*;q=0, gzip', 'gzip'],
  ['GZIP ; q=1', 'gzip'],
  ['br', undefined],
  ['', undefined],
  [',;=;q=;q=x,'.repeat(1000), undefined],
])('%j', (header, best) => {
  expect(preferred(header, ['zstd', 'gzip'])).toBe(best);
});

test('types, and any of a type', () => {
  const offers = ['application/json', 'text/x-c'] as const;
  expect(preferred('text/*, */*;q=0.1', offers)).toBe('text/x-c');
  expect(preferred('text/html, */*;q=0.8', offers)).toBe('application/json');
});
