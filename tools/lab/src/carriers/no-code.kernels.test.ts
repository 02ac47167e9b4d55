import { judgeCarrier } from '@btf-depot/carrier';
import { CARRIER_FILES, EXTRA_NAMES } from '@btf-depot/contracts';
import { plainArtifacts, type PackInput } from '@btf-depot/depot';
import { kernelNames, readelf } from '@btf-depot/kernels';
import { describeWithKernels } from '@btf-depot/kernels/testing';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testFolder } from '@btf-depot/testing/folders';
import { beforeAll, expect, it } from 'vitest';
import { splitForPacking } from './built-carriers.ts';

const folder = testFolder({ atOnce: true });

const program = 'modinfo';
const hasKmod = spawnSync(program, ['--version']).status === 0;
/** All sections of a carrier. `.plt` and others are one zero byte each, which loaders demand. */
const SECTION =
  /^(\.modinfo|\.gnu\.linkonce\.this_module|__versions|\.BTF(\.[a-z]+)?|\.(sym|str|shstr)tab)$/;
const PLACEHOLDER = /^\.(init\.)?plt$|^\.(init\.)?text\.ftrace_trampoline$/;

for (const name of kernelNames) {
  describeWithKernels([name], `the modules that are published of ${name}`, (kernels) => {
    let load: PackInput['load'];
    let modules: { file: string; bytes: Uint8Array }[];
    beforeAll(() => {
      const { pack } = splitForPacking(kernels[name], EXTRA_NAMES);
      ({ load } = pack);
      const published = plainArtifacts(pack);
      modules = published
        .filter((one) => CARRIER_FILES.some((file) => file === one.name))
        .map((one) => ({ file: one.name, bytes: one.bytes }));
    });

    it('are judged to hold nothing but BTF', () => {
      const structModule = load?.structModule;
      expect(modules.length).toBeGreaterThan(0);
      for (const { file, bytes } of modules) {
        const { as } = judgeCarrier(bytes, { structModule });
        expect([file, as]).toEqual([file, 'carrier']);
      }
    });

    it('have no code, no relocation and no symbol for readelf', async () => {
      for (const { file, bytes } of modules) {
        const path = join(folder, `${name}-${file}`);
        writeFileSync(path, bytes);
        const rows = sectionsIn(await readelf(['-SW', path]));
        expect(rows.length).toBeGreaterThan(4);
        for (const { section, size, flags } of rows) {
          if (PLACEHOLDER.test(section)) expect([section, size]).toEqual([section, 1]);
          else expect(section).toMatch(SECTION);
          if (flags.includes('X')) expect(section).toMatch(PLACEHOLDER);
        }
        expect(await readelf(['-rW', path])).toMatch(/There are no relocations in this file/);
        expect(await readelf(['-sW', path])).toMatch(/contains 1 entry:/);
        const placeholders = rows.filter(({ section }) => PLACEHOLDER.test(section));
        for (const { section } of placeholders) {
          expect(await readelf(['-x', section, path])).toMatch(/0x0+ 00 /);
        }
      }
    });

    it.runIf(hasKmod)('have others loaded, or take parameters, for modinfo neither', () => {
      for (const { file, bytes } of modules) {
        const path = join(folder, `${name}-${file}`);
        writeFileSync(path, bytes);
        const { stdout } = spawnSync(program, ['-0', path], { encoding: 'utf8' });
        const keys = stdout.split('\0').map((line) => line.split('=')[0] ?? '');
        expect(stdout).toMatch(/\0depends=\0/);
        for (const key of ['alias', 'softdep', 'parm', 'import_ns', 'firmware']) {
          expect(keys).not.toContain(key);
        }
      }
    });
  });
}

function sectionsIn(listing: string) {
  const row =
    /^ *\[ *[1-9]\d*\] (\S+) +[A-Z]+ +[0-9a-f]+ [0-9a-f]+ ([0-9a-f]+) [0-9a-f]+ +([A-Z]*) /gm;
  return [...listing.matchAll(row)].map(([, section = '', size = '', flags = '']) => ({
    section,
    flags,
    size: parseInt(size, 16),
  }));
}
