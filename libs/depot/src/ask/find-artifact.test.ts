import { kernelRecord } from '@btf-depot/testing';
import { expect, test } from 'vitest';
import { findArtifact } from './find-artifact.ts';

const artifact = { sha256: 'ab'.repeat(32), size: 1, mediaType: 'text/plain' };

test('an artifact of the last finished revision is served while the next is made', () => {
  const record = kernelRecord({ revision: 2, artifacts: { manifest: artifact } });
  expect(findArtifact(record, 'manifest')).toBe(artifact);
});

test.each([
  [kernelRecord(), 'btf_vmlinux.ko', 'pending'],
  [kernelRecord(), 'vmlinux.vars.btf', 'no-vars'],
  [kernelRecord(), 'passwd', 'unknown-artifact'],
  [kernelRecord(), 'constructor', 'unknown-artifact'],
  [kernelRecord({ state: 'failed' }), 'manifest', 'unknown-artifact'],
  [
    kernelRecord({ state: 'withdrawn', artifacts: { manifest: artifact } }),
    'manifest',
    'withdrawn',
  ],
])('a miss says which miss it is: %#', (record, name, code) => {
  expect(() => findArtifact(record, name)).toThrow(expect.objectContaining({ code }));
});
