import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { testFolder } from '@btf-depot/testing/folders';
import { expect, it } from 'vitest';
import { cpioArchive } from './cpio.ts';

const folder = testFolder();

const text = (length: number) => Buffer.alloc(length, 'x');
const archive = cpioArchive([
  { path: 'init', bytes: text(5), executable: true },
  { path: 'a/b/one', bytes: text(4) },
  { path: 'a/b/two', bytes: text(0) },
]);

it('has each folder once, before what is in it', () => {
  const names = [
    ...Buffer.from(archive)
      .toString('latin1')
      .matchAll(/070701.{104}([^\0]+)\0/gs),
  ];
  expect(names.map(([, name]) => name)).toEqual([
    'init',
    'a',
    'a/b',
    'a/b/one',
    'a/b/two',
    'TRAILER!!!',
  ]);
});

const cpio = spawnSync('cpio', ['--version']);
const absent = cpio.error !== undefined && process.env.CI !== 'true';
it.skipIf(absent)('is what cpio unpacks (needs the program)', () => {
  const run = spawnSync('cpio', ['-id', '--quiet'], { cwd: folder, input: archive });
  expect([run.stderr.toString(), run.status]).toEqual(['', 0]);
  expect(readFileSync(join(folder, 'a/b/one'))).toEqual(text(4));
  expect(statSync(join(folder, 'init')).mode & 0o777).toBe(0o755);
});
