import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { BlobMemory } from './blob-memory.ts';

const MEBI = 1024 * 1024;
const UNCOLLECTED = 128;

test('memory that V8 does not count has a limit, and is free again once it is collected', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const memory = new BlobMemory(2 * MEBI);
  const isUncounted = (bytes: Buffer) => bytes.buffer instanceof SharedArrayBuffer;
  let kept: Buffer[] = [];
  for (let size = 0; size < UNCOLLECTED + 2; size++) kept.push(memory.take(MEBI));
  expect(kept.every(isUncounted)).toBe(true);
  expect(kept.every(({ length }) => length === MEBI)).toBe(true);
  expect(isUncounted(memory.take(1))).toBe(false);
  kept = kept.slice(0, 1);
  const isFree = async () => {
    collect();
    await sleep(0);
    return isUncounted(memory.take(UNCOLLECTED * MEBI));
  };
  await expect.poll(isFree).toBe(true);
  expect(kept[0].length).toBe(MEBI);
});
