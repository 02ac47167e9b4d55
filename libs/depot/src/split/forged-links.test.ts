// Kernels and modules are written by a program in Python that shares nothing with this code.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytesSource } from '@btf-depot/bytes';
import { linkFor } from '@btf-depot/carrier';
import { testFolder } from '@btf-depot/testing/folders';
import { beforeAll, describe, expect, test } from 'vitest';
import { DepotError } from '../errors.ts';
import { linkedSection } from './given-carrier.ts';
import { splitKernel, type KernelParts } from './split-kernel.ts';

const folder = testFolder({ atOnce: true });
const script = join(import.meta.dirname, '../testing/forge_links.py');
const hasPython = spawnSync('python3', ['--version']).status === 0;

const TARGETS = ['64-little', '64-big', '32-little', '32-big'] as const;

function read(name: string) {
  return bytesSource(readFileSync(join(folder, name)));
}

function split(target: string, of: string, form: 'stripped' | 'unstripped'): KernelParts {
  const carrier = read(`${target}.ko`);
  return splitKernel({ kernel: read(`${target}-${of}.${form}`), carrier }, { extras: ['vars'] });
}

function refusalOf(target: string, of: string, form: 'stripped' | 'unstripped'): string {
  try {
    split(target, of, form);
    return 'taken';
  } catch (error) {
    if (!(error instanceof DepotError)) throw error;
    return `${error.code}: ${error.message}`;
  }
}

describe.skipIf(!hasPython && process.env.CI !== 'true')(
  'link records forged in Python (skipped where it is missing)',
  () => {
    beforeAll(() => execFileSync('python3', [script, folder]));

    describe.each(TARGETS)('for %s', (target) => {
      const [bits] = target.split('-').map(Number);
      const at = (offset: number) => `.BTF.link+0x${offset.toString(16)}`;
      const [hash, size] = [64 - bits / 8, 96 - bits / 8];

      test('the right one is taken: core is verbatim, and the module is the linked one', () => {
        const unstripped = split(target, 'right', 'unstripped');
        const stripped = split(target, 'right', 'stripped');
        for (const { core, delivery, carrier, given } of [unstripped, stripped]) {
          expect([delivery, core.origin]).toEqual(['module', 'verbatim']);
          expect(linkFor(carrier.links ?? [], '.BTF')?.sha256).toBe(core.sha256);
          expect(given?.judgement).toMatchObject({ as: 'empty-module' });
          expect(given && linkedSection(given, carrier.links)).toBe('.BTF');
        }
        expect(stripped.core.sha256).toBe(unstripped.core.sha256);
      });

      test.each([
        ['name', 'stripped', /^no-core: .*send btg_vmlinux\.ko/],
        ['hash', 'stripped', /^foreign-carrier: .*its \.BTF has SHA-256/],
        ['size', 'stripped', /^foreign-carrier: .*its \.BTF has SHA-256/],
        ['hash', 'unstripped', new RegExp(`^bad-elf: .*${hexOf(at(hash))}: .*link-sha256`)],
        ['size', 'unstripped', new RegExp(`^bad-elf: .*${hexOf(at(size))}: .*link-bytes`)],
        ['padding', 'stripped', new RegExp(`^bad-elf: .*${hexOf(at(hash - 1))}: .*link-padding`)],
        ['longer', 'stripped', new RegExp(`^bad-elf: .*${hexOf(at(0))}: .*link-size`)],
        ['shorter', 'unstripped', new RegExp(`^bad-elf: .*${hexOf(at(0))}: .*link-size`)],
      ] as const)('one with another %s is refused (%s)', (of, form, refusal) => {
        expect(refusalOf(target, of, form)).toMatch(refusal);
      });

      test('a module under another name is not the one that is named', () => {
        const { carrier, given } = split(target, 'name', 'unstripped');
        expect(given && linkedSection(given, carrier.links)).toBeUndefined();
      });
    });
  },
);

/** For a regular expression. */
function hexOf(text: string): string {
  return text.replace(/[.+]/g, '\\$&');
}
