import { buildIdOf, collect, kernelRecord, memoryStores } from '@btf-depot/testing';
import { expect, test } from 'vitest';
import type { RecordAside, RecordsAside } from '../ports/record-store.ts';
import { forgetAside, type WhichAside } from './forget-aside.ts';

const [healed, waiting, gone] = ['sent again', 'not yet', 'no record'].map((seed) =>
  buildIdOf(seed),
);
const names = (found: readonly { buildId: string }[]) => found.map(({ buildId }) => buildId);

async function depot() {
  const { records } = memoryStores();
  const kept: RecordAside[] = [healed, waiting, gone].map((buildId) => {
    return { buildId, version: '3', bytes: new Uint8Array() };
  });
  const aside: RecordsAside = {
    keep: () => Promise.resolve(),
    // eslint-disable-next-line @typescript-eslint/require-await -- a listing is asynchronous
    list: async function* () {
      yield* [...kept];
    },
    remove: (buildId) => {
      kept.splice(names(kept).indexOf(buildId), 1);
      return Promise.resolve();
    },
  };
  await records.put(kernelRecord({ buildId: healed, state: 'ready' }), undefined);
  await records.put(kernelRecord({ buildId: waiting, state: 'withdrawn' }), undefined);
  return { ...records, aside };
}

test.for<[WhichAside, string[], string[]]>([
  ['healed', [healed], [waiting, gone]],
  ['all', [healed, waiting, gone], []],
])('records set aside, %s: deleted, and no other', async ([which, deleted, left]) => {
  const records = await depot();
  expect(names(await forgetAside(records, which, { dryRun: true }))).toEqual(deleted);
  expect(await collect(records.aside.list())).toHaveLength(3);
  expect(names(await forgetAside(records, which, { dryRun: false }))).toEqual(deleted);
  expect(names(await collect(records.aside.list()))).toEqual(left);
});
