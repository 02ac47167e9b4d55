import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildIdOf, inlinedKernel } from '@btf-depot/testing';
import { testFolder } from '@btf-depot/testing/folders';
import { btfdepot, startDepot } from '@btf-depot/testing/processes';
import { beforeAll, expect, test } from 'vitest';

const folder = testFolder();

beforeAll(() => writeFile(join(folder, 'vmlinux'), inlinedKernel(buildIdOf('inlined')).vmlinux));

const run = (...args: string[]) => btfdepot(args, folder);

const TWICE =
  'twice at caller+0x4 (0xffffffff81000004, .text+0x4) [has no code of its own]\n' +
  '  int n       rdi            %di:s32\n' +
  '  long int m  not available\n';

test('of a vmlinux: the functions, and the sites of one, with where parameters are', async () => {
  for (const [patterns, output] of [
    [[], 'twice  3\n'],
    [['tw?c*', 'x*'], 'twice  3\n'],
    [['x*'], ''],
  ] as const) {
    expect(await run('inlines', 'vmlinux', ...patterns)).toMatchObject({ code: 0, output });
  }
  const { output } = await run('inlines', 'vmlinux', 'twice');
  expect(output.slice(0, TWICE.length)).toBe(TWICE);
  const { output: json } = await run('inlines', 'vmlinux', '--address', '0x4', '--json');
  expect(JSON.parse(json)).toEqual([]);
  const none = await run('inlines', 'vmlinux', '--address', '0x4');
  expect(none).toEqual({ code: 0, output: 'no inlined call begins at 0x4\n' });
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

test('BTF by itself needs what it stands on, and for addresses its map', async () => {
  const file = 'parts/vmlinux.inlines.btf';
  const alone = await run('inlines', file, 'twice');
  expect([alone.code, alone.output]).toEqual([2, expect.stringContaining('-B FILE')]);
  const at = ['--address', '0xffffffff81000004'];
  const without = await run('inlines', file, '--base', 'parts/vmlinux.btf', ...at);
  expect([without.code, without.output]).toEqual([2, expect.stringContaining('--map FILE')]);
});

test('a depot says how many it found, and answers the same', async () => {
  const depot = await startDepot(join(folder, 'data'));
  try {
    const url = ['--url', depot.url];
    const { output: pushed } = await run('push', ...url, 'vmlinux');
    expect(pushed).toMatch(/^ {2}inlines .* 3 sites, \d+ types$/m);
    const { output: again } = await run('push', ...url, 'vmlinux', '--json');
    expect(JSON.parse(again)).toMatchObject([{ status: { report: { inlines: { sites: 3 } } } }]);
    const { output } = await run('inlines', ...url, buildIdOf('inlined'), 'twice');
    expect(output.slice(0, TWICE.length)).toBe(TWICE);
    await run('get', ...url, buildIdOf('inlined'), 'btf_vmlinux_inline.ko.xz');
    const carried = ['btf_vmlinux_inline.ko.xz', '--base', 'vmlinux'];
    expect((await run('inlines', ...carried, 'twice')).output).toMatch(
      /^twice \.text\+0x4 \[class unknown\]\n {2}int n +rdi +%di:s32$/m,
    );
  } finally {
    await depot.stop();
  }
}, 180_000);

test('a near miss names what may have been meant', async () => {
  const { code, output } = await run('inlines', 'vmlinux', 'twise');
  expect(code).toBe(1);
  expect(output).toContain('no call of twise is inlined; near it: twice [unknown-function]');
});
