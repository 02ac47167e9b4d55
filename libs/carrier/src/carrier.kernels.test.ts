import { Machine } from '@btf-depot/elf';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { carrier } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'carrier-'));
const file = join(folder, 'btf_vmlinux.ko');

beforeAll(() => {
  const bytes = carrier({
    target: { class: 64, endian: 'little', machine: Machine.X86_64 },
    buildId: '7f76f39f',
    baseSha256: 'ab'.repeat(32),
    core: Uint8Array.of(1, 2, 3),
    extras: [{ name: 'vars', bytes: Uint8Array.of(4, 5, 6, 7) }],
  });
  writeFileSync(file, bytes);
});
afterAll(() => rmSync(folder, { recursive: true }));

it('is whole for readelf', () => {
  const { stdout, stderr } = spawnSync('readelf', ['-hSW', file], { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(stdout).toMatch(/Type: +REL \(Relocatable file\)/);
  expect(stdout).toMatch(/\.modinfo +PROGBITS .* A +0 +0 +1\n/);
  expect(stdout).toMatch(/\.BTF +PROGBITS +0+ [0-9a-f]+ 000003 00 +0 +0 +4\n/);
  expect(stdout).toMatch(/\.BTF\.vars +PROGBITS +0+ [0-9a-f]+ 000004 00 +0 +0 +4\n/);
});

const modinfo = spawnSync('modinfo', ['--version']);
it.skipIf(modinfo.error)('says what it is to modinfo (needs kmod)', () => {
  const field = (name: string): string =>
    execFileSync('modinfo', ['-F', name, file], { encoding: 'utf8' }).trim();
  expect(field('build_id')).toBe('7f76f39f');
  expect(field('btf_base_sha256')).toBe('ab'.repeat(32));
  expect(field('license')).toBe('GPL');
});
