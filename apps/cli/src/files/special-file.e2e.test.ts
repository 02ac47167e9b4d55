import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DepotClient } from '@btf-depot/client';
import { buildIdOf, loadableKernel } from '@btf-depot/testing';
import { testDepot } from '@btf-depot/testing/depots';
import { btfdepotScript, writeFiles } from '@btf-depot/testing/farm';
import { testFolder } from '@btf-depot/testing/folders';
import { runIn, testWith } from '@btf-depot/testing/programs';
import { beforeAll, describe, expect, test } from 'vitest';

const folder = testFolder();
const depot = testDepot(join(folder, 'data'));

beforeAll(() => writeFiles(folder, { 'bin/btfdepot': btfdepotScript }));

/** Runs a line of shell in which `btfdepot` is this command. */
const shell = (line: string, program = 'sh') =>
  runIn(folder, [program, '-c', line], {
    BTFDEPOT_URL: depot.url,
    PATH: `${folder}/bin:${process.env.PATH ?? ''}`,
  });

async function kernelOf(seed: string) {
  const buildId = buildIdOf(seed);
  const { vmlinux, map } = loadableKernel(buildId, { symbols: true });
  await writeFile(join(folder, 'vmlinux'), vmlinux);
  await writeFile(join(folder, 'map'), map);
  const record = () => new DepotClient(depot.url).record(buildId);
  return { buildId, vmlinux, map, record };
}

describe('a kernel is sent from', () => {
  test.each([
    ['standard input', 'cat vmlinux | btfdepot push -', 'standard input: '],
    ['standard input, a file', 'btfdepot push - < vmlinux', 'standard input: '],
    ['/dev/stdin', 'cat vmlinux | btfdepot push /dev/stdin', '/dev/stdin: '],
    ['a named pipe', 'mkfifo pipe; cat vmlinux > pipe & btfdepot push pipe', 'pipe: '],
  ])('%s', async (what, line, name) => {
    const { vmlinux, record } = await kernelOf(what);
    expect(await shell(line)).toContain(name);
    expect((await record())?.sources).toMatchObject([{ size: vmlinux.length, part: 'kernel' }]);
  });

  testWith(['bash'], "bash's <(…), also by the command that only inspects a file", async () => {
    const { vmlinux, buildId, record } = await kernelOf('substituted');
    expect(await shell('btfdepot inspect <(cat vmlinux)', 'bash')).toContain(buildId);
    expect(await shell('cat vmlinux | btfdepot inspect -')).toContain(buildId);
    await shell('btfdepot push <(cat vmlinux) --map <(cat map)', 'bash');
    expect((await record())?.sources).toMatchObject([
      { size: vmlinux.length, part: 'kernel' },
      { part: 'map' },
    ]);
  });
});

test("a package's placeholder for a map is passed over with its text, and the kernel is sent", async () => {
  const { record } = await kernelOf('placeholder');
  const stub = 'ffffffffffffffff B The real System.map is in the linux-image-<version>-dbg package';
  await writeFile(join(folder, 'stub'), `${stub}\n`);
  expect(await shell('btfdepot push vmlinux --map stub 2>&1')).toContain(
    `is ignored; its text: ${stub}`,
  );
  expect((await record())?.sources).toMatchObject([{ part: 'kernel' }]);
});

describe('a map of symbols is sent from', () => {
  test('standard input', async () => {
    const { map, record } = await kernelOf('map by pipe');
    await shell('cat map | btfdepot push vmlinux --map -');
    expect((await record())?.sources).toMatchObject([{}, { part: 'map', size: map.length }]);
  });

  const isHidden = !existsSync('/proc/kallsyms') || readFileSync('/proc/kallsyms').length === 0;
  test.skipIf(isHidden)('/proc/kallsyms, whose size reads as 0, as from its copy', async () => {
    const said: string[] = [];
    for (const map of ['/proc/kallsyms', 'copy']) {
      await kernelOf(map);
      const line = `cat /proc/kallsyms > copy; btfdepot push vmlinux --map ${map} --json || true`;
      const [result] = JSON.parse(await shell(line)) as [
        { outcome?: string; error?: { code: string; message: string } },
      ];
      said.push(result.outcome ?? result.error?.message ?? '');
    }
    expect(said[0]).toBe(said[1]);
    expect(said[0]).not.toContain('0 bytes');
  });
});

test.each([
  ['read twice', 'cat vmlinux | btfdepot push - --map -', 'standard input can be read only once'],
  ['a device without end', 'btfdepot push /dev/zero', '/dev/zero is a device, not a file'],
  ['not there', 'btfdepot push nowhere', 'nowhere'],
])('what cannot be read is told: %s', async (_what, line, message) => {
  await kernelOf('told');
  await expect(shell(line)).rejects.toThrow(message);
});
