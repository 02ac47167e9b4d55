import { kernelRecord } from '@btf-depot/testing';
import { expect, test } from 'vitest';
import { PendingQuestions, type PendingQuestion } from './pending-questions.ts';

const record = kernelRecord();
let lastId = 0;

function add(waiting: PendingQuestions, client: string): PendingQuestion {
  const id = ++lastId;
  const question = { do: 'merge' } as const;
  const facts = { id, name: `${id}`, client, key: '', of: 'vars', record, question } as const;
  const pending = waiting.add(facts);
  pending.answer.catch(() => undefined);
  return pending;
}

test('a client that fills all places makes room for others, and must retry later', async () => {
  const refused: PendingQuestion[] = [];
  const waiting = new PendingQuestions((pending) => refused.push(pending));
  const greedy = Array.from({ length: 4096 }, () => add(waiting, 'greedy'));
  const modest = add(waiting, 'modest');
  expect(refused).toEqual([greedy.at(-1)]);
  await expect(greedy.at(-1)?.answer).rejects.toMatchObject({ code: 'busy' });
  expect(() => add(waiting, 'greedy')).toThrow(expect.objectContaining({ code: 'busy' }));
  expect(waiting.byId(modest.id)).toBe(modest);
});

test('a request that waited too long must be retried later, and is forgotten', async () => {
  const refused: PendingQuestion[] = [];
  const waiting = new PendingQuestions((pending) => refused.push(pending));
  const old = add(waiting, 'a');
  waiting.refuseOld(1e9);
  expect(refused).toEqual([]);
  waiting.refuseOld(-1);
  await expect(old.answer).rejects.toMatchObject({ code: 'busy' });
  expect(refused).toEqual([old]);
  expect(waiting.find(old.name)).toBeUndefined();
});
