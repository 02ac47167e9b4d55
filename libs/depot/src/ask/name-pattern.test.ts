import { expect, test } from 'vitest';
import { NamePattern } from './name-pattern.ts';

test.each([
  ['init_task', 'init_task', true],
  ['init_task', 'init_tasks', false],
  ['*task', 'init_task', true],
  ['*task', 'task_list', false],
  ['init*', 'init', true],
  ['*_t?sk', 'init_task', true],
  ['?', 'a', true],
  ['?', '', false],
  ['??', 'a', false],
  ['*', '', true],
  ['**a**', 'a', true],
  ['a*b*c', 'a.b.bc', true],
  ['a*b*c', 'a.c.b', false],
  ['*ab', 'aab', true],
  ['a.c', 'abc', false],
  ['$*', '$a', true],
])('%s and %s: %s', (pattern, name, fits) => {
  expect(new NamePattern(pattern).fits(name)).toBe(fits);
});

test.each([
  ['init_*', 'init_'],
  ['ini?_', 'ini'],
  ['*task', ''],
  ['init_task', 'init_task'],
])('names that fit %s begin with "%s"', (pattern, prefix) => {
  expect(new NamePattern(pattern).prefix).toBe(prefix);
});

test('agrees with a regular expression about random names', () => {
  const random = seeded(20);
  const word = (letters: string) =>
    Array.from({ length: random(7) }, () => letters[random(letters.length)]).join('');
  const differing: string[] = [];
  let fitting = 0;
  for (let round = 0; round < 20_000; round++) {
    const [pattern, name] = [word('ab*?'), word('ab')];
    const regex = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`);
    const fits = new NamePattern(pattern).fits(name);
    if (fits) fitting++;
    if (fits !== regex.test(name)) differing.push(`${pattern} ${name}`);
  }
  expect(differing).toEqual([]);
  expect(fitting).toBeGreaterThan(1000);
});

test('the worst pattern for the longest name takes no more steps than both have characters', () => {
  const pattern = new NamePattern(`${'*a'.repeat(63)}*b`);
  const start = process.cpuUsage();
  for (let round = 0; round < 100; round++) expect(pattern.fits('a'.repeat(512))).toBe(false);
  const { user } = process.cpuUsage(start);
  // 100 × 128 × 512 steps are 20 ms; a backtracking matcher would not end.
  expect(user).toBeLessThan(2_000_000);
  expect(pattern.fits(`${'a'.repeat(1_000_000)}b`)).toBe(false);
});

function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % below;
  };
}
