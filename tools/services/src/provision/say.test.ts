import { expect, it } from 'vitest';
import { humanBytes } from './say.ts';

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [1_830_076, '1.8 MB'],
  [317_861_800, '318 MB'],
  [999_999, '1.0 MB'],
])('%d bytes are %s', (bytes, said) => {
  expect(humanBytes(bytes)).toBe(said);
});
