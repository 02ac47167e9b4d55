import { kernelRecord, memoryStores } from '@btf-depot/testing';
import { expect, test } from 'vitest';
import { wholeBuildIds } from './build-ids.ts';

const ids = ['ab12', 'ab13', 'cd45'].map((head) => head.padEnd(40, '0'));

async function named(...words: string[]): Promise<string[]> {
  const { records } = memoryStores();
  for (const buildId of ids) await records.put(kernelRecord({ buildId }), undefined);
  return wholeBuildIds(records, words);
}

test('build IDs may be shortened where one kernel of the store begins so, and count once', async () => {
  expect(await named('cd45', 'ab12', ids[0])).toEqual([ids[2], ids[0]]);
});

test('a whole build ID is taken as it is, known or not', async () => {
  expect(await named('ff'.repeat(20))).toEqual(['ff'.repeat(20)]);
});

test.each([
  ['ab1', 'not a build ID'],
  ['CD45', 'not a build ID'],
  ['vmlinux', 'not a build ID'],
  ['ee00', 'no kernel whose build ID begins with ee00'],
])('%s is refused: %s', async (word, reason) => {
  await expect(named('cd45', word)).rejects.toThrow(reason);
});

test('of several kernels that begin so, all are named', async () => {
  const { records } = memoryStores();
  const both = ['ab12'.padEnd(40, '0'), 'ab12'.padEnd(40, '1')];
  for (const buildId of both) await records.put(kernelRecord({ buildId }), undefined);
  await expect(wholeBuildIds(records, ['ab12'])).rejects.toThrow(both.join(', '));
});
