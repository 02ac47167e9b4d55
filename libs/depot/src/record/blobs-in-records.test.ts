import { PART_NAMES, partOf, type KernelRecord } from '@btf-depot/contracts';
import { kernelRecord } from '@btf-depot/testing';
import { expect, test } from 'vitest';
import { blobsOf, hashesIn } from './blobs-in-records.ts';

let last = 0;
const blob = () => ({ sha256: String(++last).padStart(64, '0'), size: last, types: 1 });

test('no blob that a record names is left out of those that are checked and counted', () => {
  const { core } = kernelRecord();
  const on = { origin: 'dwarf', baseSha256: core.sha256 } as const;
  const artifact = { ...blob(), mediaType: 'text/plain' };
  const record: KernelRecord = kernelRecord({
    parts: {
      vars: { ...blob(), ...on, variables: 1 },
      later: { ...blob(), ...on },
      ksyms: { ...blob(), variables: 1, leftOut: {}, layout: blob() },
      symbols: { ...blob(), origin: 'symtab' },
      layout: { ...blob(), from: 'map' },
      inlines: { ...blob(), ...on, sites: 1, map: blob() },
    },
    carrier: {
      loadable: true,
      moduleName: 'btf_vmlinux',
      signed: true,
      given: { 'btf_vmlinux.ko': { ...blob(), signed: true }, later: { ...blob(), signed: true } },
    },
    countersigned: { manifest: blob().sha256, signatures: { 'manifest.1.sig': blob() } },
    artifacts: { manifest: artifact, later: { ...artifact, ...blob() } },
  });
  expect(PART_NAMES.filter((name) => !partOf(record, name))).toEqual([]);
  const sources = new Set(record.sources.map(({ sha256 }) => sha256));
  // A hash by which files are compared, and no blob.
  sources.add(record.countersigned?.manifest ?? '');
  const named = new Set(hashesIn(record).filter((sha256) => !sources.has(sha256)));
  expect(new Set(blobsOf(record).map(({ sha256 }) => sha256))).toEqual(named);
  expect(blobsOf(record).find(({ what }) => what === 'ksymsLayout')).toMatchObject({
    sha256: record.parts.ksyms?.layout?.sha256,
    size: record.parts.ksyms?.layout?.size,
  });
});
