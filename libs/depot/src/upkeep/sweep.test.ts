import { jobId, type Job, type KernelRecord } from '@btf-depot/contracts';
import { buildIdOf, kernelRecord } from '@btf-depot/testing';
import { expect, test } from 'vitest';
import type { JobQueue } from '../ports/job-queue.ts';
import type { RecordStore } from '../ports/record-store.ts';
import { RecordIndex } from '../record/record-index.ts';
import { sweep, sweptOf } from './sweep.ts';

function depotOf(...records: (KernelRecord | Error)[]) {
  const reads: string[] = [];
  const jobs: string[] = [];
  const names = records.map((_, i) => buildIdOf(`kernel ${i}`));
  const store: Pick<RecordStore, 'get' | 'list'> = {
    get: (buildId) => {
      reads.push(buildId);
      const record = records[names.indexOf(buildId)];
      if (record instanceof Error) return Promise.reject(record);
      return Promise.resolve(record && { record, version: versionOf(record) });
    },
    // eslint-disable-next-line @typescript-eslint/require-await -- a listing is asynchronous
    list: async function* () {
      for (const [i, record] of records.entries()) {
        yield { buildId: names[i] ?? '', version: versionOf(record) };
      }
    },
  };
  const queue: Pick<JobQueue, 'add'> = {
    add: (job: Job) => {
      jobs.push(jobId(job));
      return Promise.resolve();
    },
  };
  const index = new RecordIndex(store as RecordStore, { keep: sweptOf });
  const unreadable: string[] = [];
  return {
    records,
    reads,
    jobs,
    unreadable,
    names,
    sweep: async () => {
      await index.refresh((buildId) => unreadable.push(buildId));
      return sweep(index, queue as JobQueue);
    },
  };
}

const versionOf = (record: KernelRecord | Error) => JSON.stringify(record);
const of = (i: number, state: KernelRecord['state'], revision = 1) =>
  kernelRecord({ buildId: buildIdOf(`kernel ${i}`), state, revision });

test('every record that waits gets its job, and only those', async () => {
  const depot = depotOf(
    of(0, 'compressing', 3),
    of(1, 'ready'),
    of(2, 'failed'),
    of(3, 'withdrawn'),
  );
  expect(await depot.sweep()).toBe(1);
  expect(depot.jobs).toEqual([`${depot.names[0]}-3`]);
});

test('records that did not change are not read again', async () => {
  const depot = depotOf(of(0, 'ready'), of(1, 'compressing'));
  await depot.sweep();
  depot.reads.length = 0;
  depot.records[0] = of(0, 'compressing', 2);
  expect(await depot.sweep()).toBe(2);
  expect(depot.reads).toEqual([depot.names[0]]);
});

test('a record that cannot be read is told, and the others are swept', async () => {
  const depot = depotOf(new Error('damaged'), of(1, 'compressing'));
  expect(await depot.sweep()).toBe(1);
  expect(depot.unreadable).toEqual([depot.names[0]]);
});
