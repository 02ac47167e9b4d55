import { expect, test } from 'vitest';
import { bytes, counted, moment, percent } from './format.ts';

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [320_499, '320 kB'],
  [999_600, '1.0 MB'],
  [4_685_889, '4.7 MB'],
  [5e12, '5000 GB'],
])('%d bytes are %s', (value, text) => {
  expect(bytes(value)).toBe(text);
});

test.each([
  [0, 0, '0 %'],
  [0, 7, '0 %'],
  [1, 3, '33.3 %'],
  [1, 100_000, '< 0.1 %'],
  [7, 7, '100 %'],
])('%d of %d is %s', (part, whole, text) => {
  expect(percent(part, whole)).toBe(text);
});

test('one is singular', () => {
  expect([1, 31_414].map((value) => counted(value, 'variable'))).toEqual([
    '1 variable',
    '31,414 variables',
  ]);
});

test('a moment is said to the minute', () => {
  expect(moment('2026-01-02T03:04:05.678Z')).toBe('2026-01-02 03:04 UTC');
});
