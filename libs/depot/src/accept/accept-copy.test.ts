import { parseBtf } from '@btf-depot/btf';
import { attachVariables } from '@btf-depot/extras';
import {
  claimedArtifacts,
  manifest,
  mediaTypeOf,
  type KernelRecord,
  type PublicKey,
} from '@btf-depot/contracts';
import { buildIdOf, kernelBtf, kernelRecord, memoryStores, sha256Of } from '@btf-depot/testing';
import { describe, expect, test } from 'vitest';
import { createSecretKey, openSecretKey } from '../signing/secret-key.ts';
import { withdrawnRecord } from '../record/withdraw.ts';
import { signManifest } from '../signing/sign-manifest.ts';
import { acceptCopy } from './accept-copy.ts';
import { verifyParts, type CopiedParts } from './verify-parts.ts';

const buildId = buildIdOf('copied');
const core = kernelBtf();
const vars = attachVariables(parseBtf(core), parseBtf(kernelBtf({ globals: true }))).bytes;
const { signal } = new AbortController();
const actor = { principal: 'import:stick', scopes: ['upload'] };

const blobOf = (bytes: Uint8Array) => ({ sha256: sha256Of(bytes), size: bytes.length });

/** As another depot has it, whose owner, artifacts and marks mean nothing here. */
function theirs(overrides: Partial<KernelRecord> = {}, bytes = vars): KernelRecord {
  const coreEntry = { ...blobOf(core), types: 1, origin: 'verbatim' as const, by: 'farm' };
  return kernelRecord({
    buildId,
    revision: 7,
    state: 'ready',
    core: coreEntry,
    owner: { principal: 'farm', rank: 'assigned' },
    parts: {
      vars: {
        ...blobOf(bytes),
        types: 1,
        variables: 3,
        origin: 'dwarf',
        by: 'farm',
        baseSha256: sha256Of(core),
      },
    },
    artifacts: { 'btf_vmlinux.ko': { ...blobOf(vars), mediaType: 'evil' } },
    ...overrides,
  });
}

function depot(more: Uint8Array[] = []) {
  const stores = memoryStores();
  const jobs: unknown[] = [];
  const kept = new Map([core, vars, ...more].map((bytes) => [sha256Of(bytes), bytes]));
  const deps = {
    ...stores,
    queue: { add: (job: unknown) => Promise.resolve(void jobs.push(job)) } as never,
    clock: { now: () => new Date() },
    onQueueError: () => undefined,
    compute: { verify: (parts: CopiedParts) => Promise.resolve().then(() => verifyParts(parts)) },
  };
  const blob = ({ sha256 }: { sha256: string }) =>
    Promise.resolve(kept.get(sha256) ?? new Uint8Array());
  const take = (record: KernelRecord, keys: readonly PublicKey[] = []) =>
    acceptCopy(deps, { record, blob }, actor, { keys, signal });
  return { stores, jobs, kept, take };
}

test('parts are taken, and nothing that was decided elsewhere', async () => {
  const { stores, jobs, take } = depot();
  const { outcome, record } = await take(theirs());
  expect(outcome).toBe('created');
  expect(record).toMatchObject({
    state: 'compressing',
    revision: 7,
    owner: { principal: 'import:stick', rank: 'import' },
    artifacts: {},
    parts: { vars: { by: 'import:stick' } },
  });
  expect(jobs).toHaveLength(1);
  expect(stores.kept.has(sha256Of(vars))).toBe(true);
  expect((await take(theirs())).outcome).toBe('known');
});

test('BTF that no kernel would take is refused, and nothing is stored', async () => {
  const spoilt = vars.slice();
  spoilt[24] = 0xff;
  spoilt[27] = 0xff;
  const { stores, take } = depot([spoilt]);
  await expect(take(theirs({}, spoilt))).rejects.toMatchObject({ code: 'bad-btf' });
  expect(stores.kept.size).toBe(0);
});

test('parts that stand on another core are refused', async () => {
  const { take } = depot();
  const record = theirs();
  if (record.parts.vars) record.parts.vars.baseSha256 = sha256Of(vars);
  await expect(take(record)).rejects.toMatchObject({ code: 'foreign-core' });
});

test('of a kernel that was uploaded it adds what is lacking, as a claim', async () => {
  const { stores, take } = depot();
  const uploaded = theirs({ state: 'ready', parts: {}, revision: 2, artifacts: {} });
  await stores.records.put(uploaded, undefined);
  const { outcome, record } = await take(theirs());
  expect(outcome).toBe('created');
  expect(record).toMatchObject({
    revision: 3,
    owner: { principal: 'farm' },
    parts: { vars: { by: 'import:stick', claimed: true } },
  });
});

describe('ksyms of a stranger, which say where BPF programs read', () => {
  const layout = new Uint8Array([1, 2, 3]);
  const ksyms = { ...blobOf(vars), types: 1, variables: 1, leftOut: {}, from: 'symtab' };
  const offered = theirs({
    parts: { ...theirs().parts, ksyms: { ...ksyms, layout: blobOf(layout) } },
  });
  const addresses = { ...blobOf(layout), from: 'symtab', by: 'import:stick' };

  test('give an owned kernel addresses only, and refute no reason of its owner', async () => {
    const { stores, take } = depot([layout]);
    const carrier = {
      loadable: true,
      why: 'no-kallsyms-all',
      moduleName: 'btf_vmlinux',
      signed: false,
      load: { vermagic: '6.12', structModule: { size: 832, nameOffset: 24 } },
    };
    const { parts } = theirs();
    await stores.records.put(theirs({ state: 'ready', parts, revision: 2, carrier }), undefined);
    const { record } = await take(offered);
    expect(record.parts).toEqual({ ...parts, layout: { ...addresses, claimed: true } });
    expect(record.carrier).toEqual(carrier);
    expect(claimedArtifacts(record)).toEqual([]);
    expect((await take(offered)).outcome).toBe('outranked');
  });

  test('give a kernel without an owner addresses only', async () => {
    const { take } = depot([layout]);
    const unowned = { ...offered, claimant: { principal: 'anybody', rank: 'token' } };
    delete unowned.owner;
    const { record } = await take(unowned);
    expect(Object.keys(record.parts)).toEqual(['layout', 'vars']);
    expect(record.parts.layout).toEqual({ ...addresses, claimed: true });
  });

  test('are taken with the kernel of their owner', async () => {
    const { take } = depot([layout]);
    expect((await take(offered)).record.parts.ksyms).toMatchObject({ by: 'import:stick' });
  });
});

test('load facts of a stranger are a claim, and its other facts of the carrier are not taken', async () => {
  const { stores, take } = depot();
  const about = { moduleName: 'btf_vmlinux', signed: false };
  const links = [{ section: '.BTF.vars', content: 'btf_vmlinux' }];
  const before = { ...about, loadable: false, why: 'no-module', mapIgnored: 'foreign-map' };
  const uploaded = theirs({ state: 'ready', parts: {}, arch: 'x86_64', bits: 64, carrier: before });
  await stores.records.put(uploaded, undefined);
  const load = { vermagic: '6.12', structModule: { size: 832, nameOffset: 24 } };
  const { record } = await take(theirs({ carrier: { ...about, loadable: true, load, links } }));
  expect(record.carrier).toEqual({
    ...about,
    loadable: true,
    why: 'no-symbol-table',
    mapIgnored: 'foreign-map',
    vermagic: '6.12',
    load,
    by: 'import:stick',
    claimed: true,
  });
});

test('of a kernel that was uploaded it replaces nothing', async () => {
  const { stores, take } = depot();
  const other = {
    ...blobOf(core),
    types: 1,
    variables: 1,
    origin: 'dwarf',
    baseSha256: sha256Of(core),
  };
  await stores.records.put(theirs({ parts: { vars: other as never } }), undefined);
  expect((await take(theirs())).outcome).toBe('outranked');
});

describe('with trusted keys,', () => {
  const [key, other] = [createSecretKey(), createSecretKey()].map(openSecretKey);
  const { revision, delivery } = theirs();
  const listed = { 'vmlinux.btf': core, 'vmlinux.vars.btf': vars } as const;

  /** As it is published there, with the bytes of its manifest and signatures. */
  function published(about = {}) {
    const text = manifest(
      { buildId, revision, delivery, core: blobOf(core), ...about },
      (['vmlinux.btf', 'vmlinux.vars.btf'] as const).map((name) => [name, blobOf(listed[name])]),
    );
    const bytes = Buffer.from(text);
    const signatures = signManifest(bytes, [key, other]);
    const artifacts: KernelRecord['artifacts'] = {
      manifest: { ...blobOf(bytes), mediaType: mediaTypeOf('manifest') },
    };
    for (const one of signatures) {
      artifacts[one.name] = { ...blobOf(one.bytes), mediaType: mediaTypeOf(one.name) };
    }
    return { record: theirs({ artifacts }), files: [bytes, ...signatures.map((one) => one.bytes)] };
  }

  test('signatures of these are kept with the manifest that they sign', async () => {
    const { record, files } = published();
    const { take, stores } = depot(files);
    const taken = await take(record, [key.publicKey]);
    const { manifest: signed, signatures = {} } = taken.record.countersigned ?? {};
    expect(signed).toBe(record.artifacts.manifest.sha256);
    const { number } = key.publicKey;
    expect(Object.keys(signatures).sort()).toEqual(
      [
        'manifest.minisig',
        'manifest.sig',
        `manifest.${number}.minisig`,
        `manifest.${number}.sig`,
      ].sort(),
    );
    for (const { sha256 } of Object.values(signatures)) expect(stores.kept.has(sha256)).toBe(true);
  });

  test('taken again after an eviction, the kernel has the revision that was signed', async () => {
    const { record, files } = published();
    const { take, stores } = depot(files);
    await take(record, [key.publicKey]);
    const stored = await stores.records.get(buildId);
    if (!stored) throw new Error('not stored');
    const withdrawal = { reason: 'room', at: '2026-01-01T00:00:00.000Z', expired: true as const };
    const gone = withdrawnRecord(stored.record, withdrawal);
    await stores.records.put(gone, stored.version);
    expect((await take(record, [key.publicKey])).record).toMatchObject({
      state: 'compressing',
      revision,
    });
    const again = await stores.records.get(buildId);
    await stores.records.put({ ...gone, revision: revision + 1 }, again?.version);
    expect((await take(record, [key.publicKey])).record.revision).toBe(revision + 2);
  });

  test.each<[what: string, spoil: (made: ReturnType<typeof published>) => KernelRecord]>([
    ['without a manifest', ({ record }) => ({ ...record, artifacts: {} })],
    [
      'without a signature',
      ({ record }) => ({ ...record, artifacts: { manifest: record.artifacts.manifest } }),
    ],
    ['with another revision', ({ record }) => ({ ...record, revision: revision + 1 })],
    [
      'with other variables',
      ({ record }) => {
        if (record.parts.vars) record.parts.vars.sha256 = sha256Of(core);
        return record;
      },
    ],
    [
      'with parts that the manifest does not name',
      ({ record }) => {
        const inlines = { ...record.parts.vars, sites: 1, functions: 1 };
        return { ...record, parts: { ...record.parts, inlines: inlines as never } };
      },
    ],
    [
      'with a claim that the manifest does not name',
      ({ record }) => ({ ...record, core: { ...record.core, claimed: true } }),
    ],
    ["with another kernel's manifest", () => published({ buildId: buildIdOf('other') }).record],
  ])('a kernel %s is not taken', async (_, spoil) => {
    const made = published();
    const { files } = published({ buildId: buildIdOf('other') });
    const { take, stores } = depot([...made.files, ...files]);
    const taking = take(spoil(made), [key.publicKey]);
    await expect(taking).rejects.toMatchObject({ code: 'not-signed' });
    expect(stores.kept.size).toBe(0);
  });

  test('a kernel signed by others alone is not taken', async () => {
    const { record, files } = published();
    const { take } = depot(files);
    const stranger = openSecretKey(createSecretKey()).publicKey;
    await expect(take(record, [stranger])).rejects.toMatchObject({ code: 'not-signed' });
  });
});
