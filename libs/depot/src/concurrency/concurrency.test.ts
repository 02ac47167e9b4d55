import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { forEachAtMost } from './for-each-at-most.ts';
import { SingleFlight } from './single-flight.ts';

test('those who ask for one key at one time share one run, others have their own', async () => {
  const asked: string[] = [];
  const flight = new SingleFlight(async (key: string) => {
    asked.push(key);
    await sleep(1);
    return key.toUpperCase();
  });
  const answers = await Promise.all([flight.run('a'), flight.run('b'), flight.run('a')]);
  expect(answers).toEqual(['A', 'B', 'A']);
  expect(asked).toEqual(['a', 'b']);
  expect(flight.running('a')).toBeUndefined();
  await flight.run('a');
  expect(asked).toEqual(['a', 'b', 'a']);
});

test('a failure is everyone’s who shares the run, and nobody’s afterwards', async () => {
  let runs = 0;
  const flight = new SingleFlight(() => {
    runs++;
    return runs === 1 ? Promise.reject(new Error('away')) : Promise.resolve(runs);
  });
  const shared = await Promise.allSettled([flight.run(), flight.running()]);
  expect(shared.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await flight.run()).toBe(2);
});

test('a bounded loop does every item once, in order, and never more than the limit', async () => {
  const begun: number[] = [];
  let now = 0;
  let most = 0;
  const items = Array.from({ length: 20 }, (_, at) => at);
  await forEachAtMost(3, items, async (item) => {
    begun.push(item);
    most = Math.max(most, ++now);
    await sleep(item % 4);
    now--;
  });
  expect(begun).toEqual(items);
  expect(most).toBe(3);
});

test('a bounded loop throws what the first failure throws', async () => {
  const failing = forEachAtMost(2, [1, 2, 3], (item) =>
    item === 2 ? Promise.reject(new Error('two')) : Promise.resolve(),
  );
  await expect(failing).rejects.toThrow('two');
});
