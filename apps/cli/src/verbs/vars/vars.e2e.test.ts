import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseBtf } from '@btf-depot/btf';
import { DepotClient } from '@btf-depot/client';
import { buildIdOf, kernelBtf, kernelFile } from '@btf-depot/testing';
import { testDepot } from '@btf-depot/testing/depots';
import { testFolder } from '@btf-depot/testing/folders';
import { btfdepot } from '@btf-depot/testing/processes';
import { beforeAll, describe, expect, test } from 'vitest';

const buildId = buildIdOf('vmlinux');

const folder = testFolder();
const depot = testDepot(join(folder, 'data'));

const command = (...args: string[]) => btfdepot(args, folder);

beforeAll(async () => {
  await writeFile(join(folder, 'vmlinux'), kernelFile({ buildId }));
  await writeFile(join(folder, 'full.btf'), kernelBtf({ globals: true }));
  const client = new DepotClient(depot.url);
  await client.upload({
    kernel: new Blob([await readFile(join(folder, 'vmlinux'))]),
    full: new Blob([await readFile(join(folder, 'full.btf'))]),
  });
  await client.waitUntilDone(buildId);
  for (const name of ['btf_vmlinux.ko.gz', 'vmlinux.vars.btf']) {
    await writeFile(join(folder, name), (await client.artifact(buildId, name)).bytes);
  }
});

/** The same kernel, named in every way. */
const kernels: Record<string, () => string[]> = {
  'a depot': () => ['--url', depot.url, buildId],
  'the second of two depots': () => ['--url', `http://127.0.0.1:9 ${depot.url}`, buildId],
  'a file, by the build ID that it says': () => ['--url', depot.url, '--of', 'vmlinux'],
  'BTF with all in it': () => ['full.btf'],
  'split BTF and its base': () => ['--base', 'vmlinux', 'vmlinux.vars.btf'],
  'a packed carrier and its base': () => ['--base', 'vmlinux', 'btf_vmlinux.ko.gz'],
};

describe.each(Object.entries(kernels))('%s', (_, kernel) => {
  test('lists the variables', async () => {
    const { code, output } = await command('vars', ...kernel());
    expect(output).toMatch(/^struct task_struct init_task +\.data\+0x0 +16$/m);
    expect(output).toMatch(/^int verbose +\.bss\+0x4 +4$/m);
    expect(output).toMatch(/\*current_task +\.data\.\.percpu\+0x0/);
    expect(code).toBe(0);
  });
});

test.each([
  ['a depot', () => ['--url', depot.url, buildId]],
  ['a file', () => ['full.btf']],
])('shows one of %s as C', async (_, kernel) => {
  const { output } = await command('vars', ...kernel(), 'tasks');
  expect(output).toContain('struct task_struct;\n');
  expect(output).toMatch(/^extern struct task_struct \*\*tasks;$/m);
});

test('those that begin so', async () => {
  const { output } = await command('vars', '--url', depot.url, buildId, 'v*', 't*');
  expect(output.split('\n').map((line) => line.split(' ')[0])).toEqual(['int', 'struct', '']);
});

test.each([
  ['*task', ['current_task', 'init_task']],
  ['?a*', ['tasks']],
])('by the pattern %s, the same from a depot and a file', async (pattern, names) => {
  for (const kernel of [['--url', depot.url, buildId], ['full.btf']]) {
    const { code, output } = await command('vars', '--json', ...kernel, pattern);
    const found = JSON.parse(output) as { name: string }[];
    expect(found.map(({ name }) => name)).toEqual(names);
    expect(code).toBe(0);
  }
});

test('for a regular expression the error names the syntax that works', async () => {
  const { code, output } = await command('vars', 'full.btf', '^init');
  expect(output).toContain('* for any characters, ? for one; regular expressions do not work');
  expect(code).toBe(2);
});

test('for programs', async () => {
  const { output } = await command(
    'vars',
    '--url',
    depot.url,
    '--json',
    buildId,
    'verbose',
    'tasks',
  );
  expect(JSON.parse(output)).toMatchObject([{ name: 'verbose' }, { name: 'tasks' }]);
  const { output: all } = await command('vars', '--url', depot.url, '--json', buildId);
  expect(JSON.parse(all)).toHaveLength(4);
});

test('as BTF, into a file', async () => {
  await command('vars', '--url', depot.url, '--as', 'btf', '-o', 'one.btf', buildId, 'init_task');
  const btf = parseBtf(await readFile(join(folder, 'one.btf')));
  expect(btf.find('init_task')).toBeDefined();
});

test('for programs, into a file', async () => {
  await command('vars', '--url', depot.url, '--json', '-o', 'one.json', buildId, 'init_task');
  const json = await readFile(join(folder, 'one.json'), 'utf8');
  expect(JSON.parse(json)).toMatchObject([{ name: 'init_task' }]);
});

test.each([
  ['near it: init_task', ['--url', 'URL', buildId, 'init_taks']],
  ['near it: init_task', ['full.btf', 'init_taks']],
  ['no kernel of build ID', ['--url', 'URL', buildIdOf('nobody')]],
  ['-B FILE', ['vmlinux.vars.btf']],
  ['ENOENT', ['nothing-here']],
])('what goes wrong is said: %s', async (says, args) => {
  const { code, output } = await command(
    'vars',
    ...args.map((arg) => (arg === 'URL' ? depot.url : arg)),
  );
  expect(output).toContain(says);
  expect(code).toBe(1);
});
