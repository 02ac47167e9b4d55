import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { ARTIFACTS, PACKING, partBehind } from './artifact.ts';
import { JOB_VERSION } from './job.ts';
import { claimedArtifacts, claimedParts } from './record/ownership.ts';
import {
  extrasOf,
  mapParts,
  PART_NAMES,
  partOf,
  partOfSection,
  partSpec,
  partsOf,
  withParts,
} from './parts.ts';
import { kernelRecordSchema, RECORD_SCHEMA, type KernelRecord } from './record/record.ts';
import { statusOf } from './answers/status.ts';

/** Where the schema of records has blobs: objects with a hash and a size. */
function blobPaths(schema: unknown, path: readonly string[] = []): string[] {
  if (schema instanceof z.ZodExactOptional) return blobPaths(schema.unwrap(), path);
  if (schema instanceof z.ZodRecord) return blobPaths(schema.valueType, [...path, '*']);
  if (schema instanceof z.ZodArray) return blobPaths(schema.element, [...path, '*']);
  if (!(schema instanceof z.ZodObject)) return [];
  const { shape } = schema;
  const here = 'sha256' in shape && 'size' in shape ? [path.join('.')] : [];
  const deeper = Object.entries(shape).flatMap(([key, value]) => blobPaths(value, [...path, key]));
  return [...here, ...deeper];
}

test('every blob for which the schema of records has a place is a part, or named by its file', () => {
  const paths = PART_NAMES.map((name) => {
    const place = partSpec(name).of ?? [name];
    return (name === 'core' ? place : ['parts', ...place]).join('.');
  });
  const byFile = ['carrier.given.*', 'countersigned.signatures.*', 'artifacts.*', 'sources.*'];
  expect(blobPaths(kernelRecordSchema).toSorted()).toEqual([...paths, ...byFile].toSorted());
});

test('artifacts, in the order in which manifests list them', () => {
  expect(Object.keys(ARTIFACTS).filter((name) => !/\.(gz|xz|zst)$/.test(name))).toEqual([
    'vmlinux.btf',
    'vmlinux.vars.btf',
    'vmlinux.ksyms.btf',
    'vmlinux.inlines.btf',
    'vmlinux.inlines.map',
    'btf_vmlinux.ko',
    'btf_vmlinux_ksyms.ko',
    'btf_vmlinux_inline.ko',
    'manifest',
    'SHA256SUMS',
  ]);
  expect(Object.keys(ARTIFACTS).slice(5, 9)).toEqual([
    'btf_vmlinux.ko',
    'btf_vmlinux.ko.gz',
    'btf_vmlinux.ko.xz',
    'btf_vmlinux.ko.zst',
  ]);
});

/**
 * Of each generation of packing the version of its jobs and the names of its artifacts. A line is
 * added, and none is changed: compressors of all of them may run beside each other.
 */
const GENERATIONS = [
  { jobs: 2, names: 'd3375045eab5adf87d7bbbd0640f37dd94289f3772fd3c3a6e86d228ff854a91' },
];

test('other artifacts are of another generation of packing, and of a newer version of jobs', () => {
  const names = createHash('sha256').update(Object.keys(ARTIFACTS).join()).digest('hex');
  expect(GENERATIONS).toHaveLength(PACKING);
  expect(GENERATIONS.at(-1)).toEqual({ jobs: expect.any(Number) as number, names });
  const jobs = GENERATIONS.map((generation) => generation.jobs);
  expect(jobs).toEqual([...new Set(jobs)].sort((a, b) => a - b));
  expect(jobs.at(-1)).toBeLessThanOrEqual(JOB_VERSION);
});

test('sections and artifacts lead to their parts', () => {
  const sections = ['.BTF', '.BTF.vars', '.BTF.ksyms', '.BTF.inlines', '.BTF.inline', '.text'];
  expect(sections.map(partOfSection)).toEqual([
    'core',
    'vars',
    'ksyms',
    'inlines',
    'inlines',
    undefined,
  ]);
  const artifacts = [
    'vmlinux.inlines.map',
    'btf_vmlinux_ksyms.ko.xz',
    'btf_vmlinux.ko',
    'manifest',
  ];
  expect(artifacts.map(partBehind)).toEqual(['inlinesMap', 'ksyms', undefined, undefined]);
});

const blob = (digit: string) => ({ sha256: digit.repeat(64), size: 1, types: 1 });
const baseSha256 = blob('0').sha256;
const bare: KernelRecord = {
  schema: RECORD_SCHEMA,
  buildId: 'ab'.repeat(20),
  revision: 1,
  state: 'compressing',
  endian: 'little',
  delivery: 'builtin',
  core: { ...blob('0'), origin: 'verbatim' },
  parts: {},
  artifacts: {},
  sources: [],
  uploadedAt: '2026-01-01T00:00:00.000Z',
};
const vars = { ...blob('1'), variables: 1, origin: 'dwarf', baseSha256 } as const;
const parts = {
  vars,
  ksyms: { ...blob('3'), variables: 1, leftOut: {}, layout: blob('4') },
  inlines: { ...blob('5'), sites: 1, origin: 'dwarf', baseSha256, map: blob('6') },
  later: { ...blob('2'), baseSha256 },
} as const;
const record: KernelRecord = { ...bare, parts };

test('parts are found where records have them, and those of newer versions too', () => {
  expect([...partsOf(record).keys()]).toEqual([
    'core',
    'vars',
    'ksyms',
    'ksymsLayout',
    'inlines',
    'inlinesMap',
    'later',
  ]);
  expect([...extrasOf(record).keys()]).toEqual(['vars', 'inlines', 'later']);
  expect(partOf(record, 'ksymsLayout')).toBe(parts.ksyms.layout);
  expect(partOf(bare, 'ksymsLayout')).toBeUndefined();
  const companion: KernelRecord = { ...bare, parts: { more: blob('7') } };
  expect([[...partsOf(companion).keys()], [...extrasOf(companion)]]).toEqual([
    ['core', 'more'],
    [],
  ]);
});

test('parts are put into a record, or taken out, and the record before stays as it is', () => {
  const before = structuredClone(bare);
  const both = withParts(withParts(bare, { vars }), { inlines: parts.inlines, vars: undefined });
  expect(both).toStrictEqual({ ...bare, parts: { inlines: parts.inlines } });
  expect(bare).toEqual(before);
});

test('every part has marks, or its owner has them', () => {
  const claimed = mapParts(record, (part) => ({ ...part, claimed: true }));
  expect(claimedParts(claimed)).toEqual(['core', 'vars', 'ksyms', 'inlines', 'later']);
  expect(claimed.parts.ksyms?.layout).not.toHaveProperty('claimed');
  expect(claimedParts(record)).toEqual([]);
  expect(claimedArtifacts(withParts(record, { ksyms: { ...parts.ksyms, claimed: true } }))).toEqual(
    ['vmlinux.ksyms.btf', 'btf_vmlinux.ko', 'btf_vmlinux_ksyms.ko'],
  );
});

test('a report has each extra with how much there is of it, and where old clients look', () => {
  const { report } = statusOf(record);
  const extras = {
    vars: { ...blob('1'), variables: 1 },
    inlines: { ...blob('5'), sites: 1 },
  };
  expect(report.parts).toEqual({ ...extras, later: blob('2') });
  expect(report.extras).toEqual({ vars: extras.vars });
  expect(report.inlines).toEqual(extras.inlines);
  expect(statusOf(bare).report).not.toHaveProperty('inlines');
});
