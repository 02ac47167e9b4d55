import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildIdOf, inlinedKernel } from '@btf-depot/testing';
import { btfdepot } from '@btf-depot/testing/processes';
import { afterAll, beforeAll, expect, test } from 'vitest';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'btf-depot-inlines-'));
  await writeFile(join(folder, 'vmlinux'), inlinedKernel(buildIdOf('inlined')).vmlinux);
});

afterAll(() => rm(folder, { recursive: true }));

const run = (...args: string[]) => btfdepot(args, folder);

const TWICE =
  'twice at caller+0x4 (0xffffffff81000004, .text+0x4)\n' +
  '  int n       rdi            %di:s32\n' +
  '  long int m  not available\n';

test('of a vmlinux: the functions, and the sites of one, with where parameters are', async () => {
  expect(await run('inlines', 'vmlinux')).toMatchObject({ code: 0, output: 'twice\n' });
  const { output } = await run('inlines', 'vmlinux', 'twice');
  expect(output.slice(0, TWICE.length)).toBe(TWICE);
  const { output: json } = await run('inlines', 'vmlinux', '--address', '0x4', '--json');
  expect(JSON.parse(json)).toEqual([]);
});

test('of the files that split writes, in chunks too', async () => {
  const { output: written } = await run('split', 'vmlinux', '-o', 'parts', '--narrow');
  expect(written).toContain('3 sites');
  const files = ['parts/vmlinux.inlines.btf', '--base', 'parts/vmlinux.btf'];
  const { output } = await run('inlines', ...files, 'twice');
  expect(output).toContain('twice .text+0x4');
  const withMap = await run('inlines', ...files, 'twice', '--map', 'parts/vmlinux.inlines.map');
  expect(withMap.output).toContain('twice at caller+0x4 (0xffffffff81000004, .text+0x4)');
});

test('a near miss names what may have been meant', async () => {
  const { code, output } = await run('inlines', 'vmlinux', 'twise');
  expect(code).toBe(1);
  expect(output).toContain('no call of twise is inlined; near it: twice [unknown-function]');
});
