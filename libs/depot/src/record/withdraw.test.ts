import { kernelRecord, memoryStores } from '@btf-depot/testing';
import { expect, test } from 'vitest';
import { findArtifact } from '../ask/find-artifact.ts';
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

test('a withdrawn kernel keeps a small record: what it was, who sent it, and no part of it', async () => {
  const { records } = memoryStores();
  const blob = { sha256: 'cd'.repeat(32), size: 1, types: 1 };
  const vars = { ...blob, variables: 1, origin: 'dwarf', baseSha256: 'ab'.repeat(32) } as const;
  const full = kernelRecord({
    state: 'ready',
    artifacts: { manifest },
    distro: 'debian',
    parts: {
      vars,
      ksyms: { ...blob, variables: 1, leftOut: {}, layout: blob },
      symbols: { ...blob, origin: 'symtab' },
      layout: { ...blob, from: 'map' },
      inlines: { ...blob, sites: 1, origin: 'dwarf', baseSha256: 'ab'.repeat(32) },
    },
    carrier: { loadable: true, moduleName: 'btf_vmlinux', signed: false },
    levels: { gzip: 1, xz: 1, zstd: 1 },
    encoder: 'btf-depot test',
    unannounced: true,
    readyAt: withdrawal.at,
    keptUntil: withdrawal.at,
  });
  await records.put(full, undefined);
  const { schema, buildId, revision, arch, bits, endian, release, distro, delivery } = full;
  const { core, sources, uploadedAt } = full;
  expect(await withdraw(records, buildId, withdrawal)).toEqual({
    schema,
    buildId,
    revision,
    arch,
    bits,
    endian,
    release,
    distro,
    delivery,
    core,
    sources,
    uploadedAt,
    state: 'withdrawn',
    parts: {},
    artifacts: {},
    withdrawal,
  });
});

test('what is not there cannot be withdrawn', async () => {
  const { records } = memoryStores();
  await expect(withdraw(records, kernelRecord().buildId, withdrawal)).rejects.toMatchObject({
    code: 'unknown-build-id',
  });
});
