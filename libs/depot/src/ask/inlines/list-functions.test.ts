import { expect, test } from 'vitest';
import { AnswerRoom, finish } from '../answer-room.ts';
import { listFunctions } from './list-functions.ts';
import type { SiteSource } from './site-source.ts';

const functions = [
  { name: 'often', sites: 9 },
  { name: 'of_a', sites: 2 },
  { name: 'of_b', sites: 2 },
  { name: 'seldom', sites: 1 },
];
const source = { table: { functions } } as unknown as SiteSource;
const list = (asked: object, room?: AnswerRoom) => {
  const found = finish(listFunctions(source, { prefix: '', limit: 2, skip: 0, ...asked }, room));
  return [found.functions.map(({ name }) => name), found.more];
};

test('pages give each function once, in the order of the table', () => {
  expect(list({})).toEqual([['often', 'of_a'], true]);
  expect(list({ skip: 2 })).toEqual([['of_b', 'seldom'], false]);
});

test('pages of a pattern count what fits it', () => {
  expect(list({ match: 'of_?', limit: 1 })).toEqual([['of_a'], true]);
  expect(list({ match: 'of_?', limit: 1, skip: 1 })).toEqual([['of_b'], false]);
  expect(list({ prefix: 'of', match: '*n' })).toEqual([['often'], false]);
});

test('an answer without room has one function', () => {
  expect(list({}, new AnswerRoom({ bytes: 1 }))).toEqual([['often'], true]);
});
