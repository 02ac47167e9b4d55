import { expect, test } from 'vitest';
import { Seats } from './seats.ts';

const never = new AbortController().signal;
const busy = { code: 'busy' };

/** In milliseconds; passes only if a test sets it. */
let time = 0;

const open = (seats: number, waiting: number, spare = 0, halfLife = 60_000) =>
  new Seats({ seats, spare, waiting, halfLife }, () => time);

/**
 * Takes seats for these clients, in this order, each for 5 ms; returns the order in which they got
 * them.
 */
function inTurn(seats: Seats, names: readonly string[], order: string[] = []) {
  const all = names.map(async (name) => {
    const leave = await seats.take(name, never);
    order.push(name);
    time += 5;
    leave();
  });
  return { order, all: Promise.all(all) };
}

test('of one client are given in the order of its requests', async () => {
  const seats = open(1, 10);
  const order: number[] = [];
  const leave = await seats.take('one', never);
  const later = [1, 2].map(async (number) => {
    const done = await seats.take('one', never);
    order.push(number);
    done();
  });
  leave();
  await Promise.all(later);
  expect(order).toEqual([1, 2]);
});

test('go to the client that used them least, whatever others want', async () => {
  const seats = open(1, 100);
  const leave = await seats.take('many', never);
  time += 20;
  const { order, all } = inTurn(seats, ['many', 'many', 'many', 'few', 'few']);
  leave();
  await all;
  expect(order).toEqual(['few', 'few', 'many', 'many', 'many']);
});

test('alternate between clients with equal demand', async () => {
  const seats = open(1, 100);
  const leave = await seats.take('else', never);
  const { order, all } = inTurn(seats, ['a', 'a', 'a', 'b', 'b', 'b']);
  leave();
  await all;
  expect(order).toEqual(['a', 'b', 'a', 'b', 'a', 'b']);
});

test('used long ago count for little', async () => {
  const seats = open(1, 10, 0, 1);
  const before = await seats.take('before', never);
  time += 50;
  before();
  time += 50;
  const leave = await seats.take('now', never);
  time += 10;
  const { order, all } = inTurn(seats, ['now', 'before']);
  leave();
  await all;
  expect(order).toEqual(['before', 'now']);
});

test('are kept for clients that have none: the spare one', async () => {
  const seats = open(2, 10, 1);
  await seats.take('many', never);
  await seats.take('many', never);
  expect(seats.free).toBe(0);
  const more = new AbortController();
  const third = seats.take('many', more.signal);
  const leave = await seats.take('other', never);
  const another = new AbortController();
  const fourth = seats.take('another', another.signal);
  // When the spare seat is free again, no client with a seat gets it.
  leave();
  (await fourth)();
  more.abort(new Error('gone'));
  await expect(third).rejects.toThrow('gone');
});

test('whose waiter has left go to the next', async () => {
  const seats = open(1, 10);
  const leave = await seats.take('one', never);
  const leaving = new AbortController();
  const gone = seats.take('two', leaving.signal);
  const next = seats.take('three', never);
  leaving.abort(new Error('gone'));
  await expect(gone).rejects.toThrow('gone');
  leave();
  (await next)();
  await seats.take('one', never);
});

test('are refused when the waiting list is full', async () => {
  const seats = open(1, 1);
  const leave = await seats.take('one', never);
  seats.checkRoom('one');
  const next = seats.take('one', never);
  expect(() => seats.checkRoom('one')).toThrow(expect.objectContaining(busy));
  expect(() => seats.checkRoom('two')).toThrow(expect.objectContaining(busy));
  leave();
  await next;
  seats.checkRoom('one');
});

test('are refused to the client that waits for most, where another comes', async () => {
  const seats = open(1, 3);
  const leave = await seats.take('many', never);
  const waiting = [1, 2, 3].map(() => seats.take('many', never));
  expect(() => seats.checkRoom('many')).toThrow(expect.objectContaining(busy));
  seats.checkRoom('few');
  const few = seats.take('few', never);
  await expect(waiting[2]).rejects.toMatchObject(busy);
  // One more of these would equal the other's number.
  expect(() => seats.checkRoom('few')).toThrow(expect.objectContaining(busy));
  time += 20;
  leave();
  (await few)();
  for (const one of waiting.slice(0, 2)) (await one)();
});

test('are refused at once if nobody may wait', async () => {
  const seats = open(1, 0);
  seats.checkRoom('one');
  const leave = await seats.take('one', never);
  expect(() => seats.checkRoom('one')).toThrow(expect.objectContaining(busy));
  leave();
  seats.checkRoom('one');
});

test('forget most of the clients that have left', async () => {
  const seats = open(1, 0);
  for (let client = 0; client < 5000; client++) (await seats.take(`${client}`, never))();
  expect(seats.known).toBeLessThanOrEqual(1024);
});
