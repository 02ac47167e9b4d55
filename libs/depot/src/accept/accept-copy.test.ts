import { parseBtf } from '@btf-depot/btf';
import { attachVariables } from '@btf-depot/extras';
import type { KernelRecord } from '@btf-depot/contracts';
import { buildIdOf, kernelBtf, kernelRecord, memoryStores, sha256Of } from '@btf-depot/testing';
import { expect, test } from 'vitest';
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
