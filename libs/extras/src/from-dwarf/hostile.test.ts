import { describe, expect, it } from 'vitest';
import { fuzzDwarf } from '../testing/fuzz-dwarf.ts';

describe('fuzzed debug information', () => {
  it('gives variables or a FormatError, and nothing else', () => {
    const { values, errors } = fuzzDwarf({ seed: 0, runs: 4000 });
    // Mutations that are all refused, or all taken, would test nothing.
    expect(values).toBeGreaterThan(500);
    expect(errors).toBeGreaterThan(500);
  });
});
