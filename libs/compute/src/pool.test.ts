import { execFileSync } from 'node:child_process';
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Progress } from '@btf-depot/depot';
import { buildIdOf, kernelBtf, kernelFile, sha256Of } from '@btf-depot/testing';
import { testFolder } from '@btf-depot/testing/folders';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createComputePool } from './pool.ts';

const pool = createComputePool({ threads: 1, onError: () => undefined });
const never = new AbortController().signal;
const folder = testFolder();
let vmlinux: string;

beforeAll(async () => {
  vmlinux = join(folder, 'vmlinux');
  await writeFile(vmlinux, kernelFile());
});

afterAll(() => pool.close());

test('a kernel is identified and split on a thread, and its bytes come back', async () => {
  const kernel = { path: vmlinux, kind: 'elf', buildId: buildIdOf('kernel'), hasBtf: true };
  expect(await pool.unpack('kernel', vmlinux, folder, never)).toEqual({
    kernel,
    kernels: [kernel],
    modules: [],
    maps: [],
    malformed: [],
    passedOver: [],
  });
  const { core } = await pool.split({ kernel: vmlinux }, { extras: ['vars'] }, never);
  expect(sha256Of(core.bytes)).toBe(sha256Of(kernelBtf()));
});

test('a fault of the input keeps its code across threads', async () => {
  const text = join(folder, 'text');
  await writeFile(text, 'no kernel');
  const code = 'unsupported-media';
  await expect(pool.unpack('kernel', text, folder, never)).rejects.toMatchObject({ code });
  const missing = join(folder, 'nothing');
  await expect(pool.unpack('kernel', missing, folder, never)).rejects.toThrow('ENOENT');
});

test('the progress of a split is told across threads', async () => {
  const full = join(folder, 'full.btf');
  await writeFile(full, kernelBtf({ globals: true }));
  const progress = new Progress();
  await pool.split({ kernel: vmlinux, full }, { extras: ['vars'] }, never, progress);
  // It has no DWARF to count units of.
  expect([progress.done, progress.total]).toEqual([0, 0]);
});

test('what passes a limit is refused, and the pool goes on', async () => {
  for (const [limit, code] of [
    [{ time: 1 }, 'time-limit'],
    [{ memory: 1 }, 'memory-limit'],
  ] as const) {
    const limited = createComputePool({ threads: 1, onError: () => undefined, ...limit });
    const asked = () => limited.unpack('kernel', vmlinux, folder, never);
    await expect(asked()).rejects.toMatchObject({ code });
    await expect(asked()).rejects.toMatchObject({ code });
    await limited.close();
  }
});

test('a waiting task runs when the one before is aborted with its thread', async () => {
  const leaving = new AbortController();
  const first = pool.split({ kernel: vmlinux }, { extras: [] }, leaving.signal);
  const second = pool.split({ kernel: vmlinux }, { extras: [] }, never);
  leaving.abort(new Error('nobody waits'));
  await expect(first).rejects.toThrow('nobody waits');
  expect(await second).toMatchObject({ kind: 'elf' });
});

test('no file is taken while too many wait', async () => {
  const small = createComputePool({ threads: 1, spare: 0, waiting: 1, onError: () => undefined });
  const ask = () => small.unpack('kernel', vmlinux, folder, never);
  const taken = [ask(), ask()];
  await expect(ask()).rejects.toMatchObject({ code: 'busy' });
  expect(() => small.for('').checkRoom()).toThrow('1 files already wait');
  await Promise.all(taken);
  await ask();
  await small.close();
});

test('an aborted signal ends the work with its reason, and the pool goes on', async () => {
  const reason = new Error('nobody waits');
  const gone = AbortSignal.abort(reason);
  await expect(pool.unpack('kernel', vmlinux, folder, gone)).rejects.toBe(reason);
  const leaving = new AbortController();
  const work = pool.split({ kernel: vmlinux }, { extras: [] }, leaving.signal);
  leaving.abort(reason);
  await expect(work).rejects.toBe(reason);
  const found = await pool.unpack('kernel', vmlinux, folder, never);
  expect(found).toMatchObject({ kernel: { kind: 'elf' } });
});

test('a client that has no thread gets the spare one while another has all', async () => {
  const shared = createComputePool({ threads: 1, onError: () => undefined });
  // Who opens it waits for a writer: so long is its thread taken.
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const ended: string[] = [];
  const unpack = (client: string, path: string) =>
    shared
      .for(client)
      .unpack('kernel', path, folder, never)
      .catch(() => undefined)
      .then(() => ended.push(client));
  const many = [unpack('many', pipe), unpack('many', vmlinux)];
  await unpack('few', vmlinux);
  expect(ended).toEqual(['few']);
  await (await open(pipe, 'w')).close();
  await Promise.all(many);
  await shared.close();
});
