import { expect, test } from 'vitest';
import { FairQueue } from './fair-queue.ts';

/** Runs everything, each turn for as long as the task still wants, 5 at most. */
function order(turns: FairQueue<{ name: string; left: number }>): string[] {
  const ended = [];
  for (let next = turns.next(); next; next = turns.next()) {
    const [client, task] = next;
    const time = Math.min(task.left, 5);
    task.left -= time;
    turns.ran(client, time);
    if (task.left > 0) turns.again(client, task);
    else ended.push(task.name);
  }
  return ended;
}

test('a short task of one client ends before the long one of another, whoever came first', () => {
  const turns = new FairQueue<{ name: string; left: number }>(() => 0);
  turns.add('greedy', { name: 'long', left: 1000 });
  turns.add('modest', { name: 'short', left: 3 });
  expect(order(turns)).toEqual(['short', 'long']);
});

test('many tasks of one client do not hold up those of others', () => {
  const turns = new FairQueue<{ name: string; left: number }>(() => 0);
  for (let at = 0; at < 100; at++) turns.add('greedy', { name: `greedy ${at}`, left: 5 });
  turns.add('modest', { name: 'first', left: 5 });
  turns.add('modest', { name: 'second', left: 5 });
  const ended = order(turns);
  expect(ended.slice(0, 4).sort()).toEqual(['first', 'greedy 0', 'greedy 1', 'second']);
  expect(ended.slice(4)).toEqual(Array.from({ length: 98 }, (_, at) => `greedy ${at + 2}`));
});

test("a client's past use is forgotten after a while", () => {
  let now = 0;
  const turns = new FairQueue<string>(() => now);
  turns.ran('old', 100);
  turns.ran('new', 10);
  now = 60_000;
  turns.ran('new', 10);
  turns.add('old', 'old');
  turns.add('new', 'new');
  expect(turns.next()).toEqual(['old', 'old']);
});

test('tasks that may not run are passed over, and keep their place', () => {
  const turns = new FairQueue<string>();
  turns.add('a', 'first');
  turns.add('b', 'second');
  expect(turns.next((client) => client !== 'a')).toEqual(['b', 'second']);
  expect(turns.next((client) => client !== 'a')).toBeUndefined();
  expect(turns.largest).toEqual({ client: 'a', waiting: 1 });
  expect(turns.next()).toEqual(['a', 'first']);
});
