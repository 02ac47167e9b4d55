import type { KernelRecord } from '@btf-depot/contracts';
import { parseBtf } from '@btf-depot/btf';
import { bytesSource } from '@btf-depot/bytes';
import { arrangeKsyms, listVariables } from '@btf-depot/extras';
import { buildIdOf, loadableKernel, memoryStores, sha256Of } from '@btf-depot/testing';
import { expect, test } from 'vitest';
import { ENCODER, isOlderEncoder } from '../../encoder.ts';
import { mergeRecord } from '../../accept/merge-record.ts';
import { LOCAL_ACTOR } from '../../ownership/ownership.ts';
import { splitKernel } from '../../split/split-kernel.ts';
import { reprocess } from './reprocess.ts';

const buildId = buildIdOf('reprocessed');
const all = { before: '99.0.0', dryRun: false };

/** A kernel with variables and ksyms, ready, as an encoder of today made it. */
async function depot(overrides: Partial<KernelRecord> = {}) {
  const stores = memoryStores();
  const { vmlinux, full } = loadableKernel(buildId);
  const input = { kernel: bytesSource(vmlinux), full: bytesSource(full) };
  const parts = splitKernel(input, { extras: ['vars'] });
  const file = { sha256: sha256Of(vmlinux), size: vmlinux.length, package: 'linux-image 6.12' };
  const source = { ...file, kind: 'elf', part: 'kernel' } as const;
  const first = mergeRecord(undefined, parts, {
    sources: [source],
    at: new Date(0),
    actor: LOCAL_ACTOR,
    evidence: 'kernel' as const,
    bringsCore: true,
  });
  if (!first) throw new Error('no record');
  for (const part of [parts.core, parts.vars, parts.ksyms]) {
    if (part) await stores.blobs.put(part.sha256, part.bytes);
  }
  await stores.records.put({ ...first, state: 'ready', ...overrides }, undefined);
  const record = async () => (await stores.records.get(buildId))?.record;
  return { ...stores, record, first };
}

test('splits that come out the same stay, and the carriers are due again', async () => {
  const { record, first, ...stores } = await depot();
  expect(await reprocess(stores, buildId, all)).toMatchObject({
    buildId,
    changed: [],
    needs: { parts: ['ksyms'], sources: [{ package: 'linux-image 6.12', encoder: ENCODER }] },
  });
  const { parts, core, sources } = first;
  const same = { parts, core, sources };
  expect(await record()).toMatchObject({
    ...same,
    revision: 2,
    state: 'compressing',
    encoder: ENCODER,
  });
});

test('splits that an older encoder made otherwise are replaced by what this one makes', async () => {
  const { record, first, ...stores } = await depot();
  const stored = await stores.records.get(buildId);
  const { vars } = first.parts;
  if (!stored || !vars) throw new Error('no record');
  // An encoder that put another variable first.
  const base = parseBtf((await stores.blobs.get(first.core.sha256)) ?? new Uint8Array());
  const now = parseBtf((await stores.blobs.get(vars.sha256)) ?? new Uint8Array(), { base });
  const freed = listVariables(now).filter(({ name }) => name === 'freed');
  const bytes = arrangeKsyms(now, freed).vars;
  const sha256 = sha256Of(bytes);
  await stores.blobs.put(sha256, bytes);
  const entry = { ...vars, sha256, size: bytes.length };
  await stores.records.put({ ...first, parts: { ...first.parts, vars: entry } }, stored.version);
  expect(sha256).not.toBe(vars.sha256);
  expect(await reprocess(stores, buildId, all)).toMatchObject({ changed: ['vars'] });
  expect(await record()).toMatchObject({ parts: first.parts });
  expect(await stores.blobs.has(vars.sha256)).toBe(true);
});

test('what a version of today made, or was withdrawn, is left', async () => {
  const { record, first, ...stores } = await depot();
  expect(await reprocess(stores, buildId, { ...all, before: '0.1.0' })).toBeUndefined();
  expect(await reprocess(stores, buildIdOf('unknown'), all)).toBeUndefined();
  const withdrawn = await depot({ state: 'withdrawn' });
  expect(await reprocess(withdrawn, buildId, all)).toBeUndefined();
  expect(await record()).toMatchObject({ revision: first.revision });
});

test('a dry run says it and changes nothing', async () => {
  const { record, ...stores } = await depot();
  const before = await record();
  expect(await reprocess(stores, buildId, { ...all, dryRun: true })).toMatchObject({ changed: [] });
  expect(await record()).toEqual(before);
});

test('variables from DWARF need the source', async () => {
  const { first, ...stores } = await depot();
  const { vars } = first.parts;
  const stored = await stores.records.get(buildId);
  if (!vars || !stored) throw new Error('no record');
  const parts = { ...first.parts, vars: { ...vars, origin: 'dwarf' as const } };
  await stores.records.put({ ...first, parts }, stored.version);
  const report = await reprocess(stores, buildId, all);
  expect(report?.needs?.parts).toEqual(['ksyms', 'vars']);
});

test('a part that is lost is said, after a few looks at the record', async () => {
  const { first, ...stores } = await depot();
  await stores.blobs.delete(first.core.sha256);
  await expect(reprocess(stores, buildId, all)).rejects.toMatchObject({ code: 'unknown-blob' });
});

test.each([
  ['btf-depot 0.1.0', '0.2.0', true],
  ['btf-depot 0.9.9', '0.10.0', true],
  ['btf-depot 0.2.0', '0.2.0', false],
  ['btf-depot 1.0.0', '0.9.0', false],
  ['something 0.1.0', '0.2.0', false],
  ['btf-depot nightly', '0.2.0', false],
])('%s is before %s: %s', (encoder, before, older) => {
  expect(isOlderEncoder(encoder, before)).toBe(older);
});
