import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { gzipSync } from 'node:zlib';
import { kernelFile } from '@btf-depot/testing';
import { expect, it } from 'vitest';
import { withUnpacked } from './local-file.ts';
import { temporaryFolder } from './temporary-folder.ts';

it('is removed when it is disposed of, and signals have their default effect again', async () => {
  const before = process.listenerCount('SIGINT');
  const folder = await temporaryFolder();
  await writeFile(join(folder.path, 'file'), 'text');
  expect(process.listenerCount('SIGINT')).toBe(before + 1);
  for (let time = 0; time < 2; time++) await folder[Symbol.asyncDispose]();
  expect(existsSync(folder.path)).toBe(false);
  expect(process.listenerCount('SIGINT')).toBe(before);
});

it('exists only for a kernel that had to be unpacked', async () => {
  await using folder = await temporaryFolder();
  const [plain, packed] = ['vmlinux', 'vmlinux.gz'].map((name) => join(folder.path, name));
  await writeFile(plain, kernelFile());
  await writeFile(packed, gzipSync(kernelFile()));
  const listeners = () => Promise.resolve(process.listenerCount('SIGINT'));
  const before = await listeners();
  expect(await withUnpacked(plain, listeners)).toBe(before);
  expect(await withUnpacked(packed, listeners)).toBe(before + 1);
});

it.each(['SIGINT', 'SIGTERM'] as const)(
  'is removed with a process that %s ends',
  async (signal) => {
    const script =
      `import { temporaryFolder } from ${JSON.stringify(import.meta.resolve('./temporary-folder.ts'))};\n` +
      `setInterval(() => {}, 1000);\n` +
      `console.log((await temporaryFolder()).path);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [folder] = (await once(createInterface(child.stdout), 'line')) as [string];
    expect(existsSync(folder)).toBe(true);
    child.kill(signal);
    expect(await once(child, 'exit')).toEqual([null, signal]);
    expect(existsSync(folder)).toBe(false);
  },
);
