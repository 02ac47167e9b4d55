import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Kind, parseBtf, type Btf } from '@btf-depot/btf';
import { buildIdOf, kernelWithoutBtf } from '@btf-depot/testing';
import { btfdepotScript, farmFile, writeFiles } from '@btf-depot/testing/farm';
import { testFolder } from '@btf-depot/testing/folders';
import { runIn, testWith } from '@btf-depot/testing/programs';
import { beforeAll, expect, test } from 'vitest';

const PAHOLE = farmFile('build/pahole');

/** Flags of Linux 6.1's scripts/pahole-flags.sh for pahole 1.30. */
const OF_6_1 =
  '--btf_gen_floats -j --lang_exclude=rust --skip_encoding_btf_inconsistent_proto --btf_gen_optimized';

/** Flags of scripts/Makefile.btf since Linux 6.12, and of scripts/gen-btf.sh since 7.0. */
const FEATURES = ['encode_force', 'var', 'float', 'enum64', 'decl_tag', 'type_tag'];
const OF_6_12 = `-j4 --lang_exclude=rust --btf_features=${FEATURES.join()},optimized_func,consistent_func,decl_tag_kfuncs`;
const OF_7_2 = `${OF_6_12} --btf_features=attributes,layout`;

const folder = testFolder();

beforeAll(() => {
  writeFiles(folder, {
    'bin/btfdepot': btfdepotScript,
    vmlinux: kernelWithoutBtf(buildIdOf('in a build')),
  });
});

function pahole(args: string): Promise<string> {
  const environment = { PATH: `${join(folder, 'bin')}:${process.env.PATH ?? ''}` };
  return runIn(folder, [PAHOLE, ...args.split(' ')], environment);
}

function expectEncoded(btf: Btf): void {
  const run = btf.find('run', Kind.FUNC) ?? 0;
  expect(btf.vlen(btf.sizeOrType(run))).toBe(1);
  expect(btf.find('current', Kind.VAR)).toBeDefined();
}

test('says the version that scripts/pahole-version.sh reads', async () => {
  expect(await pahole('--version')).toBe('v1.30\n');
});

test.each([
  ['6.12', OF_6_12],
  ['7.2', OF_7_2],
])('writes a file as the build of Linux %s asks for it', async (version, flags) => {
  await pahole(`-J ${flags} --btf_encode_detached=${version}.btf vmlinux`);
  expectEncoded(parseBtf(await readFile(join(folder, `${version}.btf`))));
});

testWith(
  ['objcopy'],
  'puts a section into vmlinux, as the build of Linux 6.1 wants it',
  async () => {
    await pahole(`-J ${OF_6_1} vmlinux`);
    await runIn(folder, ['objcopy', '--dump-section', '.BTF=section.btf', 'vmlinux']);
    expectEncoded(parseBtf(await readFile(join(folder, 'section.btf'))));
  },
);

test('refuses what it does not make, and what it does not know', async () => {
  await expect(pahole('-J --btf_base vmlinux module.ko')).rejects.toThrow(/BTF of modules/);
  await expect(pahole('-J --sort vmlinux')).rejects.toThrow(/unknown option --sort/);
});
