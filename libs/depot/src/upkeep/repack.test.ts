import { PACKING, RECORD_SCHEMA, type KernelRecord } from '@btf-depot/contracts';
import { buildIdOf, kernelRecord, loadableKernel, memoryStores } from '@btf-depot/testing';
import { bytesSource } from '@btf-depot/bytes';
import { linkRecord } from '@btf-depot/carrier/testing';
import { expect, test } from 'vitest';
import { mergeRecord } from '../accept/merge-record.ts';
import { bytesOf } from '../extras/index.ts';
import { LOCAL_ACTOR } from '../ownership/ownership.ts';
import { isPackedShort } from '../pack/due-artifacts.ts';
import { packInput } from '../pack/compress-kernel.ts';
import { packKernel } from '../pack/pack-kernel.ts';
import type { JobQueue } from '../ports/job-queue.ts';
import { RecordIndex } from '../record/record-index.ts';
import { splitKernel, type KernelParts } from '../split/split-kernel.ts';
import { repack } from './repack.ts';
import { sweptOf } from './sweep.ts';

/** A kernel that is ready, as today's compressor publishes it, but for `packing`. */
async function packed(input: Parameters<typeof splitKernel>[0], only?: Partial<KernelParts>) {
  const parts = { ...splitKernel(input, { extras: ['vars', 'inlines'] }), ...only };
  const facts = { actor: LOCAL_ACTOR, evidence: 'kernel', bringsCore: true } as const;
  const record = mergeRecord(undefined, parts, { sources: [], at: new Date(0), ...facts });
  if (!record) throw new Error('no record');
  const { blobs } = memoryStores();
  for (const { sha256, bytes } of bytesOf(parts)) await blobs.put(sha256, bytes);
  const made = await packKernel(await packInput(blobs, record));
  const artifacts = Object.fromEntries(
    made.map(({ name, sha256, bytes }) => [name, { sha256, size: bytes.length, mediaType: 'x/y' }]),
  );
  return { ...record, state: 'ready', artifacts } satisfies KernelRecord;
}

const LINK = Buffer.from(linkRecord({ module: 'btf_vmlinux', data: new Uint8Array(1) })).toString(
  'hex',
);

const { vmlinux, full } = loadableKernel(buildIdOf('short'));
const whole = await packed({ kernel: bytesSource(vmlinux), full: bytesSource(full) });

test.each([
  ['variables and ksyms', {}],
  ['no variables', { vars: undefined, ksyms: undefined }],
  ['no ksyms', { ksyms: undefined }],
  ['no way to be loaded', { carrier: { loadable: false } }],
  ['BTF in the module alone', { delivery: 'module' }],
  [
    'a link record for its carrier',
    {
      carrier: {
        loadable: false,
        links: [{ section: '.BTF.vars.link', content: LINK }],
      },
    },
  ],
] as const)('of a kernel with %s what packing gives is all that is due', async (_, only) => {
  const input = { kernel: bytesSource(vmlinux), full: bytesSource(full) };
  const record = await packed(input, only as Partial<KernelParts>);
  expect(isPackedShort(record)).toBe(false);
});

test('any artifact that is not there is missed, unless this generation left it out', () => {
  for (const name of Object.keys(whole.artifacts)) {
    const artifacts = Object.fromEntries(
      Object.entries(whole.artifacts).filter(([other]) => other !== name),
    );
    const short: KernelRecord = { ...whole, artifacts };
    expect([name, isPackedShort(short)]).toEqual([name, true]);
    expect(isPackedShort({ ...short, packing: PACKING })).toBe(false);
    expect(isPackedShort({ ...short, state: 'compressing' })).toBe(false);
  }
});

async function depot(records: KernelRecord[]) {
  const stores = memoryStores();
  for (const record of records) await stores.records.put(record, undefined);
  const index = new RecordIndex(stores.records, { keep: sweptOf });
  await index.refresh((_id, error) => {
    throw error;
  });
  const jobs: string[] = [];
  const add: JobQueue['add'] = ({ buildId, revision }) => {
    jobs.push(`${buildId}-${revision}`);
    return Promise.resolve();
  };
  const run = (waiting = 0) => repack(stores.records, index, { add } as JobQueue, waiting);
  const record = async (buildId: string) => (await stores.records.get(buildId))?.record;
  return { run, jobs, record };
}

const bare = (seed: string, more: Partial<KernelRecord> = {}) =>
  kernelRecord({ buildId: buildIdOf(seed), state: 'ready', ...more });

test('a kernel that an earlier compressor published short is due again, and served meanwhile', async () => {
  const { buildId, artifacts } = bare('a', { artifacts: { manifest: whole.artifacts.manifest } });
  const { run, jobs, record } = await depot([
    bare('a', { artifacts }),
    bare('b', { packing: PACKING }),
    bare('c', { schema: RECORD_SCHEMA + 1 }),
    bare('d', { state: 'failed' }),
  ]);
  expect(await run()).toEqual([buildId]);
  expect(await record(buildId)).toMatchObject({ revision: 2, state: 'compressing', artifacts });
  expect(jobs).toEqual([`${buildId}-2`]);
  // Another compressor may have been first.
  expect(await run()).toEqual([]);
});

test('few are packed again at a time, and none while others wait', async () => {
  const { run } = await depot(Array.from({ length: 40 }, (_, at) => bare(`many ${at}`)));
  expect(await run(100)).toEqual([]);
  const first = await run(10);
  expect(first.length).toBeGreaterThan(0);
  expect(first.length).toBeLessThan(10);
});
