import { describe, expect, it } from 'vitest';
import { fuzzDwarf } from '../testing/fuzz-dwarf.ts';

describe('fuzzed debug information', () => {
  it('gives variables or a FormatError, and nothing else', () => {
    const { values, errors } = fuzzDwarf({ seed: 0, runs: 4000 });
    // If all mutations were refused, or all accepted, the test would prove nothing.
    expect(values).toBeGreaterThan(500);
    expect(errors).toBeGreaterThan(500);
  });
});
