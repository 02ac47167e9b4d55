import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildIdOf, kernelBtf, kernelFile, sha256Of } from '@btf-depot/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createComputePool } from './pool.ts';

const pool = createComputePool({ threads: 1, onError: () => undefined });
const never = new AbortController().signal;
let folder: string;
let vmlinux: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'btf-depot-pool-'));
  vmlinux = join(folder, 'vmlinux');
  await writeFile(vmlinux, kernelFile());
});

afterAll(async () => {
  await pool.close();
  await rm(folder, { recursive: true });
});

test('a kernel is identified and split on a thread, and its bytes come back', async () => {
  expect(await pool.unpack('kernel', vmlinux, folder, never)).toEqual({
    kernel: { path: vmlinux, kind: 'elf', buildId: buildIdOf('kernel'), hasBtf: true },
  });
  const { core } = await pool.split({ kernel: vmlinux }, { extras: ['vars'] }, never);
  expect(sha256Of(core.bytes)).toBe(sha256Of(kernelBtf()));
});

test('input that is at fault keeps its code on the way back', async () => {
  const text = join(folder, 'text');
  await writeFile(text, 'no kernel');
  const code = 'unsupported-media';
  await expect(pool.unpack('kernel', text, folder, never)).rejects.toMatchObject({ code });
  const missing = join(folder, 'nothing');
  await expect(pool.unpack('kernel', missing, folder, never)).rejects.toThrow('ENOENT');
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
