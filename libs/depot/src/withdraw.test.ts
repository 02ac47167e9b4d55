import { kernelRecord, memoryStores } from '@btf-depot/testing';
import { expect, test } from 'vitest';
import { findArtifact } from './find-artifact.ts';
import { withdraw } from './withdraw.ts';

const withdrawal = { reason: 'broken core', internal: 'ticket 7', at: '2026-03-03T00:00:00Z' };
const manifest = { sha256: 'ab'.repeat(32), size: 1, mediaType: 'text/plain' };

test('a withdrawn kernel has no artifact, and says the public reason only', async () => {
  const { records } = memoryStores();
  await records.put(kernelRecord({ state: 'ready', artifacts: { manifest } }), undefined);
  const record = await withdraw(records, kernelRecord().buildId, withdrawal);
  expect(record).toMatchObject({ state: 'withdrawn', artifacts: {}, withdrawal });
  expect(() => findArtifact(record, 'manifest')).toThrow(/was withdrawn: broken core$/);
});

test('what is not there cannot be withdrawn', async () => {
  const { records } = memoryStores();
  await expect(withdraw(records, kernelRecord().buildId, withdrawal)).rejects.toMatchObject({
    code: 'unknown-build-id',
  });
});
