import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NearNames } from './near-names.ts';

const near = (names: readonly string[], wanted: string) => new NearNames(names).find(wanted);

test('the nearest first, then the shortest that have it inside', () => {
  const names = ['jiffies', 'jiffies_64', 'jiffy', 'nothing', 'total_jiffies'];
  expect(near(names, 'jifies')).toEqual(['jiffies']);
  expect(near(names, 'jiffie')).toEqual(['jiffies', 'jiffies_64', 'total_jiffies']);
  expect(near(names, '')).toEqual([]);
  expect(near(names, 'x'.repeat(500))).toEqual([]);
  expect(near([], 'jiffies')).toEqual([]);
  expect(near(['a', 'b', 'ab'], 'c')).toEqual(['a', 'b']);
});

/** What the index must find: every name is looked at. */
function byLookingAtAll(names: readonly string[], wanted: string): string[] {
  const edits = Math.min(3, Math.max(1, Math.floor(wanted.length / 4)));
  const found = names.flatMap((name) => {
    const distance = levenshtein(name, wanted);
    if (distance <= edits) return [{ name, distance }];
    const isInside = wanted.length >= 3 && name.includes(wanted);
    return isInside ? [{ name, distance: edits + name.length }] : [];
  });
  found.sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1));
  return found.slice(0, 5).map(({ name }) => name);
}

function levenshtein(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(
        Math.min(row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1), row[j] + 1, next[j - 1] + 1),
      );
    }
    row = next;
  }
  return row[b.length];
}

test('the index finds what looking at every name finds', () => {
  // Few letters, so that names are near each other.
  const name = fc.string({
    unit: fc.constantFrom('a', 'b', 'c', '_'),
    minLength: 1,
    maxLength: 20,
  });
  fc.assert(
    fc.property(fc.uniqueArray(name, { maxLength: 60 }), name, (names, wanted) => {
      expect(near(names, wanted)).toEqual(byLookingAtAll(names, wanted));
    }),
    { numRuns: 500 },
  );
});

describe('hostile names', () => {
  test('all alike: a look-up ends after so many steps, and finds what it came to', () => {
    const names = Array.from({ length: 60_000 }, (_, at) => `${'ab'.repeat(40)}${at}`);
    const found = near(names, 'ab'.repeat(41));
    expect(found.length).toBeLessThanOrEqual(5);
    expect(new NearNames(names).memory).toBeLessThan(24 * 1024 * 1024);
  });

  test('too long for a suggestion: left out of the index', () => {
    const long = 'x'.repeat(100_000);
    expect(near([long, 'xxx'], 'xxxx')).toEqual(['xxx']);
    expect(new NearNames([long]).memory).toBeLessThan(64 * 1024);
  });
});
