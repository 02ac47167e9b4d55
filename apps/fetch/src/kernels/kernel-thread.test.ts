import { buildIdOf, kernelRecord } from '@btf-depot/testing';
import { expect, test } from 'vitest';
import { KernelThread } from './kernel-thread.ts';

const MEBI = 2 ** 20;
const record = kernelRecord({ buildId: buildIdOf('sound') });

function start(charged: [string, number][] = []) {
  const limits = {
    maxBytes: MEBI,
    questionTime: 300,
    memory: 32 * MEBI,
    answer: { bytes: MEBI, time: 1000 },
  };
  return new KernelThread(limits, {
    read: () => Promise.resolve(new Uint8Array(8)),
    charge: (client, took) => charged.push([client, took]),
    script: new URL('../testing/faulty-worker.ts', import.meta.url),
  });
}

const variable = (name: string) => ({ do: 'variable', form: 'c', skip: 0, name }) as const;

/** What is answered, or the code of the refusal. */
async function ask(thread: KernelThread, name: string, client: string, of = record) {
  try {
    return (await thread.ask(of, variable(name), client)).bytes.toString();
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

test.each([
  ['hangs', 'hang', 'time-limit'],
  ['takes all memory', 'eat', 'memory-limit'],
])('a question that %s is ended; all others are asked once more', async (_what, name, code) => {
  const charged: [string, number][] = [];
  const thread = start(charged);
  const guilty = ask(thread, name, 'greedy');
  const others = ['a', 'b', 'c'].map((other) => ask(thread, other, 'modest'));
  expect(await Promise.all(others)).toEqual(['a', 'b', 'c']);
  expect(await guilty).toBe(code);
  // Who asked it pays for the whole time.
  expect(charged.filter(([client]) => client === 'greedy')).toEqual([['greedy', 300]]);
  // Nobody can end the new thread with the same question.
  const again = thread.ask(record, variable(name), 'another');
  await expect(again).rejects.toMatchObject({ code, members: { retryAfter: 600 } });
  expect(await ask(thread, 'd', 'modest')).toBe('d');
});

test('a kernel that cannot be opened in time is not opened again; others are', async () => {
  const thread = start();
  const dead = kernelRecord({ buildId: `dead${buildIdOf('dead').slice(4)}` });
  const refused = ['a', 'b'].map((name) => ask(thread, name, 'greedy', dead));
  expect(await Promise.all(refused)).toEqual(['time-limit', 'time-limit']);
  expect(await ask(thread, 'c', 'modest', dead)).toBe('time-limit');
  expect(await ask(thread, 'a', 'modest')).toBe('a');
});

test('many who want the same have one answer', async () => {
  const charged: [string, number][] = [];
  const thread = start(charged);
  const answers = await Promise.all(
    ['a', 'b', 'c'].map((client) => thread.ask(record, variable('same'), client)),
  );
  expect(new Set(answers.map(({ bytes }) => bytes)).size).toBe(1);
  expect(charged).toEqual([['a', 1]]);
});
