import { PART_NAMES, partSpec } from '@btf-depot/contracts';
import { kernelRecord } from '@btf-depot/testing';
import { expect, test } from 'vitest';
import { findArtifact } from './find-artifact.ts';
import { findSection } from './find-section.ts';

const published = PART_NAMES.filter((name) => name !== 'core').flatMap((name) => {
  const { artifact, sections = [] } = partSpec(name);
  return artifact ? sections.map((section) => [name, section, artifact.name] as const) : [];
});

test.each(published)('%s: a miss has one code, whether asked by section or by file', (...asked) => {
  const [name, section, artifact] = asked;
  for (const state of ['ready', 'compressing', 'failed'] as const) {
    const record = kernelRecord({ state });
    const code = partSpec(name).miss?.code;
    const refusal: unknown = expect.objectContaining({ code });
    expect(code).toMatch(/^no-/);
    expect(() => findSection(record, section)).toThrow(refusal);
    expect(() => findArtifact(record, artifact)).toThrow(refusal);
  }
});

test('sections of no part are unknown, whatever their names', () => {
  for (const section of ['.text', '.BTF.__proto__', '.BTF.', 'BTF', '.BTF.ext']) {
    expect(() => findSection(kernelRecord(), section)).toThrow(
      expect.objectContaining({ code: 'unknown-artifact' }),
    );
  }
});

test('a section of an extra that a newer version has added', () => {
  const { core } = kernelRecord();
  const shape = { types: 1, baseSha256: core.sha256 } as const;
  const later = { ...shape, sha256: '7'.repeat(64), size: 3 };
  expect(findSection(kernelRecord({ parts: { later } }), '.BTF.later')).toBe(later);
});
