import { BtfBuilder } from '@btf-depot/btf';
import { carrier } from '@btf-depot/carrier';
import { emptyModule, linkRecord, withSection } from '@btf-depot/carrier/testing';
import type { KernelRecord } from '@btf-depot/contracts';
import { buildIdOf, kernelRecord, memoryStores, sha256Of, someBytes } from '@btf-depot/testing';
import { describe, expect, test, vi } from 'vitest';
import { checkStore, type Finding } from './check-store.ts';
import type { PackedArtifact } from '../pack/pack-kernel.ts';
import type { Compute } from '../ports/compute.ts';

const core = someBytes(64, 'core');
const packed: PackedArtifact = { name: 'manifest', bytes: core, sha256: sha256Of(core) };
const manifest = { sha256: packed.sha256, size: 64, mediaType: 'text/plain' };
const ready = kernelRecord({ state: 'ready', artifacts: { manifest } });

async function depot(record: KernelRecord, made = [packed]) {
  const stores = memoryStores();
  await stores.blobs.put(sha256Of(core), core);
  await stores.records.put(record, undefined);
  const compute = { pack: () => Promise.resolve(made) } as unknown as Compute;
  const run = async () => {
    const findings: Finding[] = [];
    const onFinding = (finding: Finding) => findings.push(finding);
    const signal = new AbortController().signal;
    const report = await checkStore({ ...stores, compute, onFinding }, signal);
    return { report, findings: findings.map(({ code, what }) => [code, what]) };
  };
  return { ...stores, run };
}

test('a sound store', async () => {
  const { run } = await depot(ready);
  expect(await run()).toEqual({
    report: { kernels: 1, of: 1, blobs: 1, bytes: 64, findings: 0 },
    findings: [],
  });
});

test('a blob that is not there, and one with other bytes', async () => {
  const { run, kept } = await depot(ready);
  kept.set(sha256Of(core), { bytes: someBytes(64, 'flipped'), at: new Date() });
  const damaged = ['core', 'manifest'].map((what) => ['damaged-blob', what]);
  expect((await run()).findings).toEqual(damaged);
  kept.clear();
  expect((await run()).findings).toEqual([
    ['missing-blob', 'core'],
    ['missing-blob', 'manifest'],
  ]);
});

test('a size that is not what the record says', async () => {
  const { run } = await depot({ ...ready, core: { ...ready.core, size: 65 } });
  expect((await run()).findings).toEqual([['wrong-size', 'core']]);
});

test('an artifact that its parts do not give any more', async () => {
  const { run } = await depot(ready, [{ ...packed, sha256: '0'.repeat(64) }]);
  expect((await run()).findings).toEqual([['not-reproducible', 'manifest']]);
});

test('a record that cannot be read, beside one that can', async () => {
  const { run, records } = await depot(ready);
  records.get = () => Promise.reject(new Error('malformed'));
  expect((await run()).findings).toEqual([['unreadable-record', 'record']]);
});

describe('a store that gives some blob only sometimes, or never', () => {
  const unavailable = Object.assign(new Error('no answer'), { code: 'store-unavailable' });

  test('is asked again, and what comes then is sound', async () => {
    const { run, blobs } = await depot(ready);
    const get = vi.fn(blobs.get.bind(blobs)).mockRejectedValueOnce(unavailable);
    blobs.get = get;
    expect((await run()).findings).toEqual([]);
  });

  test('is not away if it answers: the blob is a finding, and the check goes on', async () => {
    const { run, blobs, records } = await depot(ready);
    const other = kernelRecord({ buildId: 'ff'.repeat(20), core: { ...ready.core, size: 65 } });
    await records.put(other, undefined);
    const lost = sha256Of(someBytes(9, 'lost'));
    const stored = await records.get(ready.buildId);
    const withLost = { ...ready, core: { ...ready.core, sha256: lost } };
    await records.put(withLost, stored?.version);
    const get = blobs.get.bind(blobs);
    blobs.get = (sha256) => (sha256 === lost ? Promise.reject(unavailable) : get(sha256));
    const { findings, report } = await run();
    expect(findings).toEqual([
      ['unreadable-blob', 'core'],
      ['wrong-size', 'core'],
    ]);
    expect(report.kernels).toBe(2);
  });

  test('is away if it does not: the check stops, and finds nothing', async () => {
    const { run, blobs, records } = await depot(ready);
    blobs.get = () => Promise.reject(unavailable);
    blobs.check = () => Promise.reject(unavailable);
    await expect(run()).rejects.toMatchObject({ code: 'store-unavailable' });
    records.get = () => Promise.reject(unavailable);
    await expect(run()).rejects.toMatchObject({ code: 'store-unavailable' });
  });
});

test('in parts, each goes on where the one before stopped', async () => {
  const { blobs, records } = await depot(ready);
  for (const seed of ['a', 'b', 'c', 'd']) {
    await records.put(kernelRecord({ buildId: buildIdOf(seed) }), undefined);
  }
  const seen: string[] = [];
  const onProgress = (_report: unknown, buildId: string) => void seen.push(buildId);
  const deps = { blobs, records, onFinding: () => undefined, onProgress };
  let after: string | undefined;
  const sizes: number[] = [];
  do {
    const report = await checkStore(deps, new AbortController().signal, { after, limit: 2 });
    sizes.push(report.kernels);
    expect(report.of).toBe(5);
    after = report.next;
  } while (after !== undefined);
  expect(sizes).toEqual([2, 2, 1]);
  const all = [ready.buildId, ...['a', 'b', 'c', 'd'].map(buildIdOf)];
  expect(seen).toEqual(all.sort());
});

test('a withdrawn kernel, whose blobs may be gone', async () => {
  const { run, kept } = await depot({ ...ready, state: 'withdrawn', artifacts: {} });
  kept.clear();
  expect((await run()).findings).toEqual([]);
});

test('symbols and carriers of the build that are not there are missed too', async () => {
  const lost = { sha256: '1'.repeat(64), size: 5 };
  const given = { 'btf_vmlinux.ko': { ...lost, signed: true } };
  const { run } = await depot({
    ...ready,
    parts: { symbols: { ...lost, origin: 'map' } },
    carrier: { loadable: true, moduleName: 'btf_vmlinux', signed: true, given },
  });
  expect((await run()).findings).toEqual([
    ['missing-blob', 'symbols'],
    ['missing-blob', 'given btf_vmlinux.ko'],
  ]);
});

test('a published carrier that the kernel names, with bytes that are loaded and no BTF', async () => {
  const btf = new BtfBuilder().finish();
  const named = emptyModule({
    name: 'btf_vmlinux_inline',
    sections: [{ name: '.BTF.inline', bytes: btf }],
  });
  const worse = withSection(named, { name: '.BTF.more', flags: 2, bytes: core });
  const link = linkRecord({ module: 'btf_vmlinux_inline', data: btf });
  const content = Buffer.from(link).toString('hex');
  for (const [bytes, code] of [
    [named, []],
    [worse, ['unsafe-carrier']],
  ] as const) {
    const file = { sha256: sha256Of(bytes), size: bytes.length, mediaType: 'application/x-object' };
    const carriers = { loadable: false, moduleName: 'btf_vmlinux', signed: false };
    const { run, blobs } = await depot(
      {
        ...ready,
        artifacts: { manifest, 'btf_vmlinux_inline.ko': file },
        carrier: { ...carriers, links: [{ section: '.BTF.inline.link', content }] },
      },
      [packed, { name: 'btf_vmlinux_inline.ko', bytes, sha256: file.sha256 }],
    );
    await blobs.put(file.sha256, bytes);
    expect((await run()).findings.map(([found]) => found)).toEqual(code);
  }
});

test('a published carrier that holds more than BTF, given or not', async () => {
  const about = { buildId: ready.buildId, baseSha256: sha256Of(core), extras: [] };
  const made = carrier({ target: { class: 64, endian: 'little', machine: 62 }, ...about });
  const code = withSection(made, { name: '.altinstructions', flags: 2, bytes: core });
  const entry = (bytes: Uint8Array) => ({ sha256: sha256Of(bytes), size: bytes.length });
  const file = { ...entry(code), mediaType: 'application/x-object' };
  const given = { 'btf_vmlinux.ko': { ...entry(code), signed: true } };
  const carriers = { loadable: false, moduleName: 'btf_vmlinux', signed: true };
  for (const change of [
    { artifacts: { manifest, 'btf_vmlinux.ko': file } },
    { carrier: { ...carriers, given } },
    { artifacts: { manifest, 'btf_vmlinux.ko': file }, carrier: { ...carriers, given } },
  ]) {
    const { run, blobs } = await depot({ ...ready, ...change });
    await blobs.put(sha256Of(code), code);
    expect((await run()).findings).toContainEqual(['unsafe-carrier', 'btf_vmlinux.ko']);
  }
  const sound = { manifest, 'btf_vmlinux.ko': { ...file, ...entry(made) } };
  const { run, blobs } = await depot({ ...ready, artifacts: sound }, [
    packed,
    { name: 'btf_vmlinux.ko', bytes: made, sha256: sha256Of(made) },
  ]);
  await blobs.put(sha256Of(made), made);
  expect((await run()).findings).toEqual([]);
});
