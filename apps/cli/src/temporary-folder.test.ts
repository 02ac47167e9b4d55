import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { inTemporaryFolder } from './temporary-folder.ts';

it('goes with what was done in it, also where that failed', async () => {
  const folder = await inTemporaryFolder(async (path) => {
    await writeFile(join(path, 'file'), 'text');
    return path;
  });
  expect(existsSync(folder)).toBe(false);
  let failed = '';
  const failing = inTemporaryFolder((path) => {
    failed = path;
    return Promise.reject(new Error('no'));
  });
  await expect(failing).rejects.toThrow('no');
  expect(existsSync(failed)).toBe(false);
});

it.each(['SIGINT', 'SIGTERM'] as const)('goes with a process that %s ends', async (signal) => {
  const script =
    `import { inTemporaryFolder } from ${JSON.stringify(import.meta.resolve('./temporary-folder.ts'))};\n` +
    `setInterval(() => {}, 1000);\n` +
    `await inTemporaryFolder((folder) => { console.log(folder); return new Promise(() => {}); });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [folder] = (await once(createInterface(child.stdout), 'line')) as [string];
  expect(existsSync(folder)).toBe(true);
  child.kill(signal);
  expect(await once(child, 'exit')).toEqual([null, signal]);
  expect(existsSync(folder)).toBe(false);
});
