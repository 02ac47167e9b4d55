import { expect, test } from 'vitest';
import { Seats } from './seats.ts';

const never = new AbortController().signal;

test('are given in the order in which they were asked for', async () => {
  const seats = new Seats(1, 10);
  const order: string[] = [];
  const leave = await seats.take(never);
  const later = ['first', 'second'].map(async (name) => {
    const done = await seats.take(never);
    order.push(name);
    done();
  });
  leave();
  await Promise.all(later);
  expect(order).toEqual(['first', 'second']);
});

test('that nobody waits for any more go to the next', async () => {
  const seats = new Seats(1, 10);
  const leave = await seats.take(never);
  const leaving = new AbortController();
  const gone = seats.take(leaving.signal);
  const next = seats.take(never);
  leaving.abort(new Error('gone'));
  await expect(gone).rejects.toThrow('gone');
  leave();
  (await next)();
  await seats.take(never);
});

test('are refused where as many wait as may', async () => {
  const seats = new Seats(1, 1);
  const leave = await seats.take(never);
  seats.checkRoom();
  const next = seats.take(never);
  expect(() => seats.checkRoom()).toThrow(expect.objectContaining({ code: 'busy' }));
  leave();
  await next;
  seats.checkRoom();
});

test('are not waited for where none may wait', async () => {
  const seats = new Seats(1, 0);
  seats.checkRoom();
  const leave = await seats.take(never);
  expect(() => seats.checkRoom()).toThrow(expect.objectContaining({ code: 'busy' }));
  leave();
  seats.checkRoom();
});
