import { RECORD_SCHEMA } from '@btf-depot/contracts';
import { someBytes, sha256Of, kernelRecord } from '@btf-depot/testing';
import { describe, expect, test } from 'vitest';
import { mergeRecord, type UploadFacts } from './merge-record.ts';
import { LOCAL_ACTOR } from '../ownership/ownership.ts';
import type { KernelParts } from '../split/split-kernel.ts';

const core = someBytes(64, 'core');
const source = { sha256: sha256Of(core), size: 1, kind: 'elf', part: 'kernel' } as const;
const facts: UploadFacts = {
  sources: [source],
  at: new Date('2026-02-02T00:00:00Z'),
  actor: LOCAL_ACTOR,
  evidence: 'kernel',
  bringsCore: true,
};

function part(seed: string) {
  const bytes = someBytes(64, seed);
  return { bytes, sha256: sha256Of(bytes), types: 1 };
}

function parts(overrides: Partial<KernelParts> = {}): KernelParts {
  return {
    kind: 'elf',
    buildId: kernelRecord().buildId,
    endian: 'little',
    delivery: 'builtin',
    core: { ...part('core'), origin: 'verbatim' },
    carrier: { loadable: false, why: 'no-vermagic' },
    ...overrides,
  };
}

function vars(seed: string, variables: number): KernelParts['vars'] & object {
  return { ...part(seed), variables, origin: 'full' };
}

describe('mergeRecord', () => {
  test('the first upload makes revision 1, to be compressed', () => {
    const record = mergeRecord(undefined, parts({ vars: vars('v', 3) }), facts);
    expect(record).toMatchObject({
      schema: RECORD_SCHEMA,
      revision: 1,
      state: 'compressing',
      core: { sha256: sha256Of(core), size: 64 },
      parts: { vars: { variables: 3, baseSha256: sha256Of(core) } },
      uploadedAt: '2026-02-02T00:00:00.000Z',
    });
  });

  test('the same again changes nothing', () => {
    const first = mergeRecord(undefined, parts({ vars: vars('v', 3) }), facts);
    expect(mergeRecord(first, parts({ vars: vars('v', 3) }), facts)).toBeUndefined();
  });

  test('variables that come later raise the revision and leave the artifacts in place', () => {
    const artifacts = { 'vmlinux.btf': { sha256: sha256Of(core), size: 64, mediaType: 'x/y' } };
    const before = kernelRecord({ state: 'ready', artifacts });
    const after = mergeRecord(before, parts({ vars: vars('v', 3) }), facts);
    expect(after).toMatchObject({ revision: 2, state: 'compressing', artifacts });
  });

  test('an upload with less takes nothing away', () => {
    const before = mergeRecord(undefined, parts({ vars: vars('v', 3) }), facts);
    const other = { ...facts, sources: [{ ...source, sha256: sha256Of(someBytes(1, 'o')) }] };
    for (const less of [parts(), parts({ vars: vars('fewer', 2) })]) {
      const after = mergeRecord(before, less, other);
      expect(after).toMatchObject({ revision: 1, parts: before?.parts });
      expect(after?.sources).toHaveLength(2);
    }
  });

  test('another core under the same build ID is a conflict', () => {
    const upload = parts({ core: { ...part('other'), origin: 'verbatim' } });
    expect(() => mergeRecord(kernelRecord(), upload, facts)).toThrow(
      expect.objectContaining({ code: 'core-conflict' }),
    );
  });

  test('what was withdrawn stays withdrawn', () => {
    expect(() => mergeRecord(kernelRecord({ state: 'withdrawn' }), parts(), facts)).toThrow(
      expect.objectContaining({ code: 'withdrawn' }),
    );
  });

  test('an upload after a failure is a new revision without the failure', () => {
    const failure = { code: 'internal', message: 'out of luck' };
    const after = mergeRecord(kernelRecord({ state: 'failed', failure }), parts(), facts);
    expect(after).toMatchObject({ revision: 2, state: 'compressing' });
    expect(after).not.toHaveProperty('failure');
  });

  test('fields of a newer version survive', () => {
    const before = { ...kernelRecord({ state: 'ready' }), cellar: { bottles: 12 } };
    expect(mergeRecord(before, parts({ vars: vars('v', 3) }), facts)).toMatchObject({
      cellar: { bottles: 12 },
    });
  });

  test('a kernel shows that its BTF is inside; BTF by itself does not show the contrary', () => {
    const module = parts({ kind: 'btf', delivery: 'module' });
    const first = mergeRecord(undefined, module, facts);
    const second = mergeRecord(first, parts(), facts);
    expect(second).toMatchObject({ delivery: 'builtin', revision: 2 });
    expect(mergeRecord(second, module, facts)).toBeUndefined();
  });
});
