import { describe, expect, it } from 'vitest';
import { fuzz } from './testing/index.ts';

describe('any bytes give a value or one of our errors', () => {
  // A million are run by tools of their own; a failing seed is in the message.
  it.each([0, 1, 2, 3])('of 750 mutations, seed block %d', (block) => {
    const { runs, values, errors } = fuzz({ seed: block * 750, runs: 750 });
    expect(runs).toBe(750);
    // Mutations that are all refused, or all taken, would test nothing.
    expect(values).toBeGreaterThan(50);
    expect(errors).toBeGreaterThan(50);
  });
});
