import { createHash } from 'node:crypto';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DepotError } from '@btf-depot/depot';
import { someBytes } from '@btf-depot/testing';
import { folderOfEachTest } from '@btf-depot/testing/folders';
import type { ArchiveItem, Place } from '@btf-depot/upstreams';
import { expect, test } from 'vitest';
import {
  runImport,
  type ImportOptions,
  type ImportTarget,
  type TakenKernel,
} from './run-import.ts';

const SIZE = 10_000;
const root = folderOfEachTest();
const { signal } = new AbortController();

/** An archive of packages, and a target that takes them. */
function archive(names: readonly string[]) {
  const bytesOf = (name: string) => someBytes(SIZE, name);
  const opened: { name: string; start: number }[] = [];
  const taken: string[] = [];
  let open = 0;
  let most = 0;
  const place: Place = {
    url: new URL('http://archive.example/'),
    whole: () => Promise.resolve(undefined),
    modified: () => Promise.resolve(undefined),
    open(name, start) {
      opened.push({ name, start });
      most = Math.max(most, ++open);
      const rest = bytesOf(name).subarray(start);
      const bytes = async function* () {
        for (let at = 0; at < rest.length; at += 1000) {
          await new Promise((resolve) => setTimeout(resolve, 1));
          yield rest.subarray(at, at + 1000);
        }
        open--;
      };
      return Promise.resolve({ start, size: SIZE, bytes: bytes() });
    },
  };
  const items = names.map((name): ArchiveItem => {
    const sha256 = createHash('sha256').update(bytesOf(name)).digest('hex');
    return {
      place,
      path: name,
      name,
      release: name,
      version: '1',
      architecture: 'amd64',
      size: SIZE,
      sha256,
    };
  });
  const target: ImportTarget = {
    has: ({ name }) => Promise.resolve(taken.includes(name)),
    take: (_file, { name }) => {
      taken.push(name);
      return Promise.resolve<TakenKernel[]>([{ buildId: name }]);
    },
  };
  const run = (options: Partial<ImportOptions> = {}, to = target) =>
    runImport(items, to, { folder: join(root, 'work'), signal, ...options });
  return { bytesOf, opened, taken, items, target, run, most: () => most };
}

const outcomes = (done: readonly { outcome: string }[]) => done.map(({ outcome }) => outcome);
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'];

test.each([1, 3])('%i downloads at one time, taken in order, and never again', async (parallel) => {
  const { run, opened, taken, most } = archive(NAMES);
  expect(outcomes(await run({ parallel }))).toEqual(NAMES.map(() => 'imported'));
  expect(most()).toBe(parallel);
  expect([...taken].sort()).toEqual(NAMES);
  if (parallel === 1) expect(taken).toEqual(NAMES);
  expect(outcomes(await run())).toEqual(NAMES.map(() => 'present'));
  expect(opened).toHaveLength(NAMES.length);
});

test('a dry run says what would be fetched, and fetches nothing', async () => {
  const { run, opened } = archive(NAMES);
  expect(outcomes(await run({ dryRun: true }))).toEqual(NAMES.map(() => 'planned'));
  expect(opened).toEqual([]);
});

test('a download that an earlier run left unfinished goes on', async () => {
  const { run, opened, items, bytesOf } = archive(['a']);
  await mkdir(join(root, 'work'));
  const part = join(root, 'work', `${items[0]?.sha256}.part`);
  await writeFile(part, bytesOf('a').subarray(0, 4000));
  expect(outcomes(await run())).toEqual(['imported']);
  expect(opened).toEqual([{ name: 'a', start: 4000 }]);
  expect(await readdir(join(root, 'work'))).toEqual([]);
});

test('what is unfit is not fetched again, unless told so; what passes is', async () => {
  const { run, opened, target } = archive(['unfit', 'busy', 'fit']);
  const take: ImportTarget['take'] = (file, item, stop) => {
    if (item.name === 'unfit') return Promise.reject(new DepotError('bad-elf', 'no kernel'));
    if (item.name === 'busy') return Promise.reject(new DepotError('busy', 'later'));
    return target.take(file, item, stop);
  };
  const to = { ...target, take };
  expect(outcomes(await run({}, to))).toEqual(['refused', 'failed', 'imported']);
  expect(outcomes(await run({}, to))).toEqual(['refused', 'failed', 'present']);
  const unfit = () => opened.filter(({ name }) => name === 'unfit').length;
  expect(unfit()).toBe(1);
  await run({ again: true }, to);
  expect(unfit()).toBe(2);
});

test('a package that does not pass its own check is not taken', async () => {
  const { items, target, taken } = archive(['a']);
  const forged = items.map((item) => ({
    ...item,
    verify: () => Promise.reject(new Error('of no key')),
  }));
  const done = await runImport(forged, target, { folder: join(root, 'work'), signal });
  expect([outcomes(done), taken]).toEqual([['failed'], []]);
});

test('a rate slows all downloads together', async () => {
  const { run } = archive(NAMES);
  const started = performance.now();
  await run({ parallel: 3, rate: 4 * SIZE });
  // 60,000 bytes at 40,000 a second, of which one second may come at once.
  expect(performance.now() - started).toBeGreaterThan(400);
});

test('progress tells bytes of this package and of all, and what time is left', async () => {
  const { run } = archive(NAMES);
  const seen: { all: number; allDone: number; leftMs?: number | undefined }[] = [];
  await run({ onProgress: (progress) => seen.push(progress) });
  expect(seen.every(({ all }) => all === NAMES.length * SIZE)).toBe(true);
  const done = seen.map(({ allDone }) => allDone);
  expect(done).toEqual([...done].sort((a, b) => a - b));
  expect(done.at(-1)).toBe(NAMES.length * SIZE);
  expect(seen.slice(1).every(({ leftMs }) => (leftMs ?? -1) >= 0)).toBe(true);
});
