import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { buildIdOf, describeUpstream } from '@btf-depot/testing';
import { folderOfEachTest } from '@btf-depot/testing/folders';
import { TemporaryFolder } from '@btf-depot/testing/temporary-folder';
import { expect, test } from 'vitest';
import { TEST_OPTIONS } from '../../testing/source-options.ts';
import { files } from './index.ts';

const root = folderOfEachTest();
const { signal } = new AbortController();
const known = buildIdOf('in a folder');

function write(path: string, text: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

/** A file has the kernels that its text names. */
function open(at: string) {
  const looked: string[] = [];
  const look = async (path: string) => {
    looked.push(basename(path));
    const text = await readFile(path, 'latin1');
    return text.match(/\b[0-9a-f]{40}\b/g) ?? [];
  };
  return { upstream: files.open(at, at, { ...TEST_OPTIONS, look }), looked };
}

const ask = ({ upstream }: ReturnType<typeof open>, buildId = known) =>
  upstream.find(buildId, { signal, via: [] });

describeUpstream('a folder', () => {
  const folder = new TemporaryFolder();
  write(folder.at('deep/er/vmlinux'), `${known} ${'.'.repeat(5000)}`);
  const { upstream } = open(folder.path);
  const dispose = () => {
    folder[Symbol.dispose]();
    return Promise.resolve();
  };
  return Promise.resolve({ upstream, known, dispose });
});

test('a tree of build IDs is searched first, and no file is opened', async () => {
  for (const tree of ['.build-id', 'usr/lib/debug/.build-id']) {
    const path = join(root, tree, known.slice(0, 2), `${known.slice(2)}.debug`);
    write(path, 'debug');
    write(join(root, 'vmlinux'), known);
    const opened = open(root);
    expect(await ask(opened)).toMatchObject({ files: [{ name: basename(path), size: 5 }] });
    expect(opened.looked).toEqual([]);
    rmSync(join(root, tree), { recursive: true });
  }
});

test('each file is opened once, and again when it changes', async () => {
  const other = buildIdOf('another');
  write(join(root, 'one.deb'), other);
  write(join(root, 'two.deb'), known);
  write(join(root, 'module.ko.xz'), known);
  const opened = open(root);
  expect(await ask(opened)).toMatchObject({ files: [{ name: 'two.deb' }] });
  expect(await ask(opened)).toMatchObject({ files: [{ name: 'two.deb' }] });
  expect(await ask(opened, buildIdOf('nowhere'))).toMatchObject({ reason: 'missing' });
  expect(opened.looked.sort()).toEqual(['one.deb', 'two.deb']);
  write(join(root, 'new'), `${known} now`);
  renameSync(join(root, 'new'), join(root, 'one.deb'));
  rmSync(join(root, 'two.deb'));
  expect(await ask(opened)).toMatchObject({ files: [{ name: 'one.deb' }] });
});

test('a missing folder cannot be reached', async () => {
  expect(await ask(open(join(root, 'gone')))).toMatchObject({ reason: 'unreachable' });
});
