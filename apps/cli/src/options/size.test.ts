import { expect, test } from 'vitest';
import { sizeOf } from './size.ts';
import { UsageError } from './usage-error.ts';

test.each([
  ['500', 500],
  ['500k', 512_000],
  ['10m', 10_485_760],
  ['10M', 10_485_760],
  ['2G', 2_147_483_648],
])('%s is read as in settings', (text, bytes) => {
  expect(sizeOf('--rate', text)).toBe(bytes);
});

test.each(['', '0', '0k', '-1', '10x', '1.5m'])('%j is refused', (text) => {
  expect(() => sizeOf('--rate', text)).toThrow(UsageError);
});
