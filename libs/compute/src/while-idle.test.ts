import { expect, test } from 'vitest';
import { whileIdle } from './while-idle.ts';

const later = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Runs so many tasks with so many seats; gives the results and the most that ran at one time. */
async function most(count: number, seats: number): Promise<[number[], number]> {
  let running = 0;
  let peak = 0;
  const tasks = Array.from({ length: count }, (_, place) => place);
  const results = await whileIdle(
    tasks,
    async (task) => {
      peak = Math.max(peak, ++running);
      for (let turn = task; turn < count; turn++) await later();
      running--;
      return task * 10;
    },
    () => running < seats,
  );
  return [results, peak];
}

test('one task runs at a time if no thread is idle, otherwise as many as there are idle threads', async () => {
  const results = [0, 10, 20, 30, 40];
  expect(await most(5, 0)).toEqual([results, 1]);
  expect(await most(5, 3)).toEqual([results, 3]);
  expect(await most(5, 9)).toEqual([results, 5]);
  expect(await most(0, 1)).toEqual([[], 0]);
});

test('a task that fails is the last that is begun, and those under way are waited for', async () => {
  const ended: number[] = [];
  let running = 0;
  const run = async (task: number) => {
    running++;
    if (task === 1) await later();
    else for (let turn = 0; turn < 5; turn++) await later();
    running--;
    ended.push(task);
    if (task === 1) throw new Error('one failed');
  };
  const all = whileIdle([0, 1, 2, 3], run, () => running < 2);
  await expect(all).rejects.toThrow('one failed');
  expect(ended).toEqual([1, 0]);
});
