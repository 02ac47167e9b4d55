import { expect, test } from 'vitest';
import { isPattern } from './name-pattern.ts';
import { UsageError } from './usage-error.ts';

test.each(['*', '*task', 'init_t?sk', 'a.b*', '$*'])('%s is a pattern', (text) => {
  expect(isPattern(text)).toBe(true);
});

test.each(['init_task', '_a.b$c', 'foo.constprop.0'])('%s is a name', (text) => {
  expect(isPattern(text)).toBe(false);
});

test.each(['^init', 'init|tasks', '[ab]*', 'init_task.+', '(a)', 'a\\d', '', 'a b*'])(
  '%s is neither, and the error says what works',
  (text) => {
    expect(() => isPattern(text)).toThrow(UsageError);
    expect(() => isPattern(text)).toThrow(/regular expressions do not work/);
  },
);
