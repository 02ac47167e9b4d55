import { kernelRecord } from '@btf-depot/testing';
import { expect, it } from 'vitest';
import type { KernelRecord, SourceEntry } from './record.ts';
import { currentSources } from './sources.ts';

const sha = (digit: string) => digit.repeat(64);
const source = (part: string, digit: string, minute: number): SourceEntry => ({
  sha256: sha(digit),
  size: 1,
  kind: part === 'carrier' ? 'module' : 'elf',
  part,
  encoder: 'test',
  at: `2026-01-01T00:0${minute}:00.000Z`,
});
const digits = (record: Partial<KernelRecord>) =>
  currentSources(kernelRecord(record)).map(({ sha256 }) => sha256[0]);
const given = (digit: string) => ({
  loadable: true,
  moduleName: 'btf_vmlinux',
  signed: true,
  given: { 'btf_vmlinux.ko': { sha256: sha(digit), size: 1, signed: true } },
});

it('a carrier that another has replaced is not here, though it was sent', () => {
  const sources = [source('kernel', 'a', 0), source('carrier', 'b', 1), source('carrier', 'c', 2)];
  expect(digits({ sources, carrier: given('c') })).toEqual(['a', 'c']);
});

it('what was sent before an upload that replaces is not here', () => {
  const replacing = { ...source('full', 'c', 2), replaced: true as const };
  const sources = [source('kernel', 'a', 0), source('full', 'b', 1), replacing];
  expect(digits({ sources })).toEqual(['c']);
  expect(digits({ sources: [...sources, source('full', 'b', 3)] })).toEqual(['c', 'b']);
});
