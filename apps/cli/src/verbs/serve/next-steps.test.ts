import { kernelRecord } from '@btf-depot/testing';
import { expect, it } from 'vitest';
import { nextSteps } from './next-steps.ts';
import { DEFAULT_URL } from '../../options/options.ts';

const vars = {
  sha256: 'a'.repeat(64),
  size: 1,
  types: 1,
  variables: 1,
  origin: 'dwarf',
  baseSha256: kernelRecord().core.sha256,
} as const;

it('for an empty depot the next step is a kernel', () => {
  expect(nextSteps('http://127.0.0.1:9000', undefined)).toContain(
    'npx btfdepot push --url http://127.0.0.1:9000 VMLINUX',
  );
});

it('for a kernel without variables the next step is a file with them, not a carrier of core', () => {
  const kernel = kernelRecord({ parts: {}, release: '6.12.9-test' });
  const steps = nextSteps(DEFAULT_URL, kernel);
  expect(steps).toMatch(/btfdepot push PACKAGE .*6\.12\.9-test/);
  expect(steps).not.toContain('.ko');
});

it('for one with variables, the next step shows some', () => {
  const kernel = kernelRecord({ parts: { vars } });
  expect(nextSteps(DEFAULT_URL, kernel)).toContain(`npx btfdepot vars ${kernel.buildId} init_task`);
});
