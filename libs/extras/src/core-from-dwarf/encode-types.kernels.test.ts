// pahole 1.30 judges on the same kernels: the same types as whole graphs, the same functions. One
// kernel of each byte order; with BTFDEPOT_ENCODE=full all kernels.
import { readFileSync } from 'node:fs';
import { Kind, parseBtf, verifyBtf, type Btf } from '@btf-depot/btf';
import type { KernelName } from '@btf-depot/kernels';
import { describeWithKernels, fromFile } from '@btf-depot/kernels/testing';
import { describe, expect, it } from 'vitest';
import { compareEncoders } from './compare-encoders.ts';
import { encodeTypes } from './encode-types.ts';
import type { RulesName } from './rules.ts';

/** Assembly units do not state what their functions take: pahole writes `void f(void)`. */
function isWithoutType(btf: Btf, name: string): boolean {
  return btf.findAll(name).some((id) => {
    if (btf.kind(id) !== Kind.FUNC) return false;
    const prototype = btf.sizeOrType(id);
    return btf.vlen(prototype) === 0 && btf.sizeOrType(prototype) === 0;
  });
}

interface Expected {
  readonly types: number;
  readonly functions: number;
  /** For functions that C declares and assembly defines, pahole finds two types and takes none. */
  readonly more: number;
}

function compareWithPahole(name: KernelName, expected: Expected): void {
  describeWithKernels([name], `types and functions of ${name}, from its DWARF`, (kernels) => {
    const theirs = parseBtf(readFileSync(kernels[name].fullBtf));
    const { bytes, coverage } = fromFile(kernels[name].vmlinux, (file) => encodeTypes(file));
    const ours = parseBtf(bytes);
    const differences = compareEncoders(ours, theirs);

    it('are those of pahole', () => {
      expect(differences.onlySecond.filter((type) => type !== 'FUNC_PROTO ')).toEqual([]);
      expect(differences.onlyFirst.filter((type) => type !== 'FUNC_PROTO ')).toEqual([]);
      expect(differences.otherFunctions).toEqual([]);
      const others = differences.functionsOfSecond;
      expect(others.filter((one) => !isWithoutType(theirs, one))).toEqual([]);
      expect(differences.functionsOfFirst).toHaveLength(expected.more);
      expect(differences.onlyFirst.length).toBeLessThanOrEqual(expected.more);
      expect([differences.same, differences.sameFunctions]).toEqual([
        expected.types,
        expected.functions,
      ]);
    });

    it('are taken by the verifier, and few were made that others had made', () => {
      expect(verifyBtf(bytes)).toEqual([]);
      expect(coverage.built / coverage.types).toBeLessThan(0.05);
    });
  });
}

/**
 * The kernel's own BTF, by Debian's pahole 1.24. @param others functions with another prototype.
 */
function compareWithShipped(
  name: KernelName,
  expected: Omit<Expected, 'more'>,
  others: number,
): void {
  describeWithKernels([name], `by the rules of 1.24, from the DWARF of ${name}`, (kernels) => {
    it('are what it was shipped with', () => {
      const theirs = parseBtf(readFileSync(kernels[name].coreBtf));
      const encode = (rules: RulesName) =>
        parseBtf(fromFile(kernels[name].vmlinux, (file) => encodeTypes(file, { rules })).bytes);
      const differences = compareEncoders(encode('1.24'), theirs);
      expect(differences.onlyFirst).toEqual([]);
      expect(differences.onlySecond.filter((type) => type !== 'FUNC_PROTO ')).toEqual([]);
      expect(differences.functionsOfFirst).toEqual([]);
      const beyond = differences.functionsOfSecond.filter((one) => !isWithoutType(theirs, one));
      expect(beyond).toEqual([]);
      expect(differences.otherFunctions).toHaveLength(others);
      const { same: types, sameFunctions: functions } = differences;
      expect({ types, functions }).toEqual(expected);
      if (others === 0) return;
      // Units disagree about each of these; pahole's threads decided which unit counted.
      const consistent = encode('1.30');
      const isThere = (one: string) => consistent.find(one, Kind.FUNC) !== undefined;
      expect(differences.otherFunctions.filter(isThere)).toEqual([]);
    });
  });
}

describe('against what kernels were shipped with', () => {
  compareWithShipped('K612', { types: 59_600, functions: 47_259 }, 0);
  if (process.env.BTFDEPOT_ENCODE !== 'full') return;
  compareWithShipped('K61', { types: 55_770, functions: 43_976 }, 74);
});

describe('against pahole 1.30', () => {
  compareWithPahole('K612', { types: 59_950, functions: 47_767, more: 1 });
  compareWithPahole('K61s390x', { types: 44_372, functions: 33_220, more: 0 });
  if (process.env.BTFDEPOT_ENCODE !== 'full') return;
  compareWithPahole('K72', { types: 66_230, functions: 52_343, more: 2 });
  compareWithPahole('K61', { types: 56_088, functions: 44_461, more: 2 });
  compareWithPahole('K612rt', { types: 62_809, functions: 50_058, more: 1 });
  compareWithPahole('K61arm64', { types: 61_429, functions: 48_229, more: 8 });
  compareWithPahole('K612arm64', { types: 71_483, functions: 55_597, more: 9 });
});
