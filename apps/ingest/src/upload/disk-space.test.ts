import { writeFile } from 'node:fs/promises';
import { folderOfEachTest } from '@btf-depot/testing/folders';
import { TemporaryFolder } from '@btf-depot/testing/temporary-folder';
import { expect, onTestFinished, test } from 'vitest';
import { DiskSpace } from './disk-space.ts';
import { isPacked } from './is-packed.ts';
import { Staging } from './staging.ts';

const MEBI = 1024 * 1024;
const full = { code: 'disk-full' };

const data = folderOfEachTest();
let free = 0;

const open = (keepFree: number) => new DiskSpace(() => Promise.resolve(free), keepFree);

test('of four uploads at once, those begin that fit, and the others are told how much is there', async () => {
  free = 1300 * MEBI;
  const space = open(500 * MEBI);
  const asked = await Promise.allSettled([1, 2, 3, 4].map(() => space.reserve(340 * MEBI)));
  expect(asked.map(({ status }) => status)).toEqual([
    'fulfilled',
    'fulfilled',
    'rejected',
    'rejected',
  ]);
  await expect(space.reserve(340 * MEBI)).rejects.toThrow(
    `the upload needs ${340 * MEBI} bytes, and it may use ${120 * MEBI}: ${1300 * MEBI} are free, ` +
      `other uploads need ${680 * MEBI} of them, and ${500 * MEBI} stay free (BTFDEPOT_KEEP_FREE)`,
  );
  if (asked[0]?.status === 'fulfilled') asked[0].value.release();
  await space.reserve(340 * MEBI);
});

test('what was written counts once', async () => {
  free = 100 * MEBI;
  const space = open(0);
  const { wrote } = await space.reserve(60 * MEBI);
  await wrote(60 * MEBI);
  free = 40 * MEBI;
  await space.reserve(40 * MEBI);
  expect(await space.look()).toEqual({ free: 40 * MEBI, promised: 40 * MEBI });
});

test('an upload that does not say its size is looked at while it flows', async () => {
  free = 40 * MEBI;
  const space = open(0);
  const { wrote } = await space.reserve(0);
  await wrote(16 * MEBI);
  free -= 16 * MEBI;
  await wrote(1);
  free = 0;
  await wrote(16 * MEBI - 1);
  await expect(wrote(1)).rejects.toMatchObject(full);
  await expect(space.reserve(0)).rejects.toThrow('the upload announced no size, and it may use 0');
});

test('room for what lies packed in a file is asked for beside the file itself', async () => {
  free = 1000 * MEBI;
  const space = open(0);
  const small = await space.reserve(10 * MEBI);
  await small.unpacks(10 * MEBI);
  expect(await space.look()).toMatchObject({ promised: 50 * MEBI });
  const large = await space.reserve(400 * MEBI);
  await expect(large.unpacks(400 * MEBI)).resolves.toBeUndefined();
  expect(await space.look()).toMatchObject({ promised: (50 + 400 + 512) * MEBI });
});

test('a packed file that is announced is refused when it begins, not when it is whole', async () => {
  free = 400 * MEBI;
  const space = open(0);
  const { willUnpack } = await space.reserve(300 * MEBI);
  await expect(willUnpack()).rejects.toThrow(
    `unpacking the upload may need ${512 * MEBI} bytes, and it may use ${100 * MEBI}`,
  );
  expect(await space.look()).toMatchObject({ promised: 300 * MEBI });
});

test('space reserved ahead for a packed file is not reserved again when it is whole', async () => {
  free = 1000 * MEBI;
  const space = open(0);
  const { willUnpack, unpacks, wrote } = await space.reserve(30 * MEBI);
  await wrote(20 * MEBI);
  await willUnpack();
  expect(await space.look()).toMatchObject({ promised: (10 + 40) * MEBI });
  await unpacks(10 * MEBI);
  expect(await space.look()).toMatchObject({ promised: (10 + 40) * MEBI });
  await unpacks(1 * MEBI);
  expect(await space.look()).toMatchObject({ promised: (10 + 44) * MEBI });
});

test('a packed file of unknown size is refused while it flows', async () => {
  free = 300 * MEBI;
  const space = open(0);
  const { willUnpack, wrote } = await space.reserve(0);
  await willUnpack();
  let written = 0;
  const flow = async () => {
    for (; written < 100 * MEBI; written += 4 * MEBI) {
      await wrote(4 * MEBI);
      free -= 4 * MEBI;
    }
  };
  await expect(flow()).rejects.toMatchObject(full);
  // Five times as much fits in all.
  expect(written).toBeLessThanOrEqual(60 * MEBI);
});

test('there is room unless not even a small upload has any', async () => {
  const space = open(10 * MEBI);
  free = 30 * MEBI;
  await space.checkRoom();
  free = 20 * MEBI;
  await expect(space.checkRoom()).rejects.toMatchObject(full);
});

/** Of one process; all stage uploads in the same folder. */
async function neighbour(): Promise<DiskSpace> {
  const staging = new Staging(data);
  await staging.open();
  onTestFinished(() => staging.close());
  return new DiskSpace(() => Promise.resolve(free), 0, staging);
}

test('of processes that reserve what fits once, one gets it, also at the same moment', async () => {
  free = 100 * MEBI;
  const processes = await Promise.all([1, 2, 3].map(() => neighbour()));
  for (let round = 0; round < 20; round++) {
    const asked = await Promise.allSettled(processes.map((space) => space.reserve(60 * MEBI)));
    const admitted = asked.filter((one) => one.status === 'fulfilled');
    expect(admitted.length).toBe(1);
    for (const { value } of admitted) value.release();
    // The others hear of it a moment later.
    await expect.poll(() => processes[0]?.look()).toMatchObject({ promised: 0 });
    await expect.poll(() => processes[1]?.look()).toMatchObject({ promised: 0 });
  }
});

test('what another process wrote counts once', async () => {
  free = 100 * MEBI;
  const [one, other] = [await neighbour(), await neighbour()];
  const { wrote, release } = await one.reserve(60 * MEBI);
  await expect(other.reserve(60 * MEBI)).rejects.toThrow(`other uploads need ${60 * MEBI}`);
  await wrote(50 * MEBI);
  free = 50 * MEBI;
  expect(await other.look()).toEqual({ free: 50 * MEBI, promised: 10 * MEBI });
  await other.reserve(40 * MEBI);
  release();
  await expect.poll(() => other.look()).toMatchObject({ promised: 40 * MEBI });
});

test.for([
  ['ELF', '\x7fELF....', false],
  ['BTF', '\x9f\xeb\x01\x00', false],
  ['gzip', '\x1f\x8b\x08\x00', true],
  ['a package', '!<arch>\n', true],
  ['nothing', '', true],
] as const)('%s has to be unpacked: %s', async ([, head, expected]) => {
  using folder = new TemporaryFolder();
  const path = folder.at('file');
  await writeFile(path, Buffer.from(head, 'latin1'));
  expect(await isPacked(path)).toBe(expected);
});
