import { parseBtf } from '@btf-depot/btf';
import { attachVariables } from '@btf-depot/extras';
import { claimedArtifacts, type KernelRecord } from '@btf-depot/contracts';
import { buildIdOf, kernelBtf, kernelRecord, memoryStores, sha256Of } from '@btf-depot/testing';
import { describe, expect, test } from 'vitest';
import { acceptCopy } from './accept-copy.ts';

const buildId = buildIdOf('copied');
const core = kernelBtf();
const vars = attachVariables(parseBtf(core), parseBtf(kernelBtf({ globals: true }))).bytes;
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
  };
  const blob = ({ sha256 }: { sha256: string }) =>
    Promise.resolve(kept.get(sha256) ?? new Uint8Array());
  const take = (record: KernelRecord) => acceptCopy(deps, { record, blob }, actor);
  return { stores, jobs, take };
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
