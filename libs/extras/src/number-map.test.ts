import { expect, it } from 'vitest';
import { ABSENT, NumberMap } from './number-map.ts';

it('holds what a Map holds, emptied and filled again', () => {
  const map = new NumberMap();
  let state = 7;
  const random = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  for (const count of [0, 10, 5000, 10, 10, 10, 300]) {
    const known = new Map<number, number>();
    // Some exceed 32 bits, and are equal in the low 32.
    const keys = Array.from({ length: count }, () => 1 + random(2000) + random(3) * 2 ** 32);
    for (const key of keys) {
      const value = random(2 ** 31);
      map.set(key, value);
      known.set(key, value);
    }
    for (const key of [...keys, 5000, 2 ** 40]) expect(map.get(key)).toBe(known.get(key) ?? ABSENT);
    map.clear();
    for (const key of keys) expect(map.get(key)).toBe(ABSENT);
  }
});
