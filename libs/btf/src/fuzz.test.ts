import { describe, expect, it } from 'vitest';
import { fuzz } from './testing/index.ts';

describe('any bytes give a value or one of our errors', () => {
  // `npm run fuzz` runs a million; the message of a failure has its seed.
  it.each([0, 1, 2, 3])('of 750 mutations, seed block %d', (block) => {
    const { runs, values, errors } = fuzz({ seed: block * 750, runs: 750 });
    expect(runs).toBe(750);
    // If all mutations were refused, or all accepted, the test would prove nothing.
    expect(values).toBeGreaterThan(50);
    expect(errors).toBeGreaterThan(50);
  });
});
