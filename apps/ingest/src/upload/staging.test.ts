import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { folderOfEachTest } from '@btf-depot/testing/folders';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Staging } from './staging.ts';

const data = folderOfEachTest();
let root: string;
let children: ChildProcess[];

beforeEach(() => {
  root = join(data, 'staging');
  children = [];
});

afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
});

/** A process that stages a file there, and then does nothing. */
async function another(folder: string): Promise<ChildProcess> {
  const script =
    `import { Staging } from ${JSON.stringify(import.meta.resolve('./staging.ts'))};\n` +
    `import { writeFileSync } from 'node:fs';\n` +
    `const staging = new Staging(${JSON.stringify(folder)});\n` +
    `await staging.open();\n` +
    `await staging.promise(1000);\n` +
    `await staging.withFolder(async (folder) => {\n` +
    `  writeFileSync(folder + '/kernel', 'staged');\n` +
    `  console.log('staged');\n` +
    `  await new Promise((resolve) => setTimeout(resolve, 1e9));\n` +
    `});`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  await once(child.stdout, 'data');
  return child;
}

const staged = async () =>
  (await readdir(root, { recursive: true })).filter((name) => name.endsWith('kernel')).length;

test('what a killed process staged goes at the next start; what a living one has stays', async () => {
  const dead = await another(data);
  await another(data);
  expect(await staged()).toBe(2);
  const ended = once(dead, 'exit');
  dead.kill('SIGKILL');
  await ended;
  const next = new Staging(data);
  await next.open();
  expect(await staged()).toBe(1);
  await next.close();
  expect(await staged()).toBe(1);
});

test('a process that is stopped still lives', async () => {
  const stopped = await another(data);
  stopped.kill('SIGSTOP');
  const next = new Staging(data);
  await next.open();
  expect(await staged()).toBe(1);
  await next.close();
});

test('what the uploads of others may still write is known, of those that live', async () => {
  const [dead] = [await another(data), await another(data)];
  const staging = new Staging(data);
  await staging.open();
  await staging.promise(5);
  expect(await staging.promisedByOthers()).toBe(2000);
  const ended = once(dead, 'exit');
  dead.kill('SIGKILL');
  await ended;
  expect(await staging.promisedByOthers()).toBe(1000);
  await staging.close();
});

test('a path that is longer than the address of a socket does as well', async () => {
  const long = join(data, 'x'.repeat(120));
  root = join(long, 'staging');
  const dead = await another(long);
  const next = new Staging(long);
  await next.open();
  expect(await staged()).toBe(1);
  const ended = once(dead, 'exit');
  dead.kill('SIGKILL');
  await ended;
  await next.removeAbandoned();
  expect(await staged()).toBe(0);
  await next.close();
});

test('an end in order leaves nothing', async () => {
  const staging = new Staging(data);
  await staging.open();
  await staging.withFolder((folder) => writeFile(join(folder, 'kernel'), 'staged'));
  await staging.close();
  expect(await readdir(root)).toEqual([]);
});

test('folders of older versions stay for a day', async () => {
  await mkdir(join(root, 'of today'), { recursive: true });
  await mkdir(join(root, 'old'));
  const before = new Date(Date.now() - 25 * 3600 * 1000);
  await utimes(join(root, 'old'), before, before);
  const staging = new Staging(data);
  await staging.open();
  expect((await readdir(root)).filter((name) => !name.startsWith('owner-'))).toEqual(['of today']);
  await staging.close();
});
