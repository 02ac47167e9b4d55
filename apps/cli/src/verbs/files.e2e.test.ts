import { readFile, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { writeRelocatable } from '@btf-depot/elf';
import { buildIdOf, kernelBtf, kernelFile, TEST_GLOBALS } from '@btf-depot/testing';
import { testFolder } from '@btf-depot/testing/folders';
import { btfdepot } from '@btf-depot/testing/processes';
import { beforeAll, describe, expect, test } from 'vitest';

const folder = testFolder();

beforeAll(async () => {
  await writeFile(join(folder, 'vmlinux'), kernelFile());
  await writeFile(join(folder, 'full.btf'), kernelBtf({ globals: true }));
  await writeFile(join(folder, 'cut.btf'), kernelBtf().subarray(0, 50));
  await run('split', 'vmlinux', '--full', 'full.btf', '-o', 'parts');
});

function moduleWith(btf: Uint8Array, base: Uint8Array): Uint8Array {
  const sections = [
    { name: '.BTF', bytes: btf },
    { name: '.BTF.base', bytes: base },
  ];
  return writeRelocatable({ class: 64, endian: 'little', machine: 62, sections });
}

const run = (...args: string[]) => btfdepot(args, folder);

describe('on files, without a depot', () => {
  test('split writes the parts that a depot would', async () => {
    expect(await readFile(join(folder, 'parts/vmlinux.btf'))).toEqual(Buffer.from(kernelBtf()));
    const { output } = await run('split', 'vmlinux', '--full', 'full.btf', '-o', 'parts', '--json');
    expect(JSON.parse(output)).toMatchObject({
      buildId: buildIdOf('kernel'),
      delivery: 'builtin',
      files: [{ types: 6 }, { variables: TEST_GLOBALS.length }],
    });
  });

  test('dump prints them as text, C and JSON, split ones on their base', async () => {
    const vars = ['parts/vmlinux.vars.btf', '-B', 'vmlinux'];
    const { output: text } = await run('dump', ...vars);
    expect(text).toMatch(/^\[\d+\] VAR 'init_task' type_id=\d+, linkage=global$/m);
    const { output: c } = await run('dump', 'vmlinux', '--as', 'c');
    expect(c).toContain('struct task_struct {');
    const { output: json } = await run('dump', ...vars, '--as', 'json');
    expect(JSON.parse(json)).toHaveProperty('types');
  });

  test('merge makes one BTF that has both, and verify finds no fault in it', async () => {
    const merged = await run('merge', 'vmlinux', 'parts/vmlinux.vars.btf', '-o', 'merged.btf');
    expect(merged.code, merged.output).toBe(0);
    const { output } = await run('dump', 'merged.btf');
    for (const name of TEST_GLOBALS) expect(output).toContain(`VAR '${name}'`);
    const verified = await run('verify', 'merged.btf', '--load', '--kernel', '6.12.117+deb12');
    expect(verified).toMatchObject({ code: 0, output: 'merged.btf: no fault\n' });
  });

  test('a split BTF is distilled, and read, checked and merged as a module with its own base', async () => {
    const made = await run(
      'distill',
      'parts/vmlinux.vars.btf',
      '-B',
      'vmlinux',
      '-o',
      'm',
      '--json',
    );
    expect(JSON.parse(made.output)).toMatchObject([
      { file: 'm.base.btf', section: '.BTF.base' },
      { file: 'm.btf', section: '.BTF' },
    ]);
    const sections = ['base.btf', 'btf'].map((file) => readFileSync(join(folder, `m.${file}`)));
    await writeFile(join(folder, 'm.ko'), moduleWith(sections[1], sections[0]));
    const { output: own } = await run('dump', 'm.ko');
    expect(own).toMatch(/^\[\d+\] VAR 'init_task' type_id=\d+, linkage=global$/m);
    const { output: relocated } = await run('dump', 'm.ko', '-B', 'vmlinux');
    expect(relocated).toMatch(/VAR 'init_task'/);
    expect(relocated).not.toBe(own);
    expect(await run('verify', 'm.ko', '-B', 'vmlinux', '--load')).toMatchObject({ code: 0 });
    expect(await run('merge', 'vmlinux', 'm.ko', '-o', 'with-m.btf')).toMatchObject({ code: 0 });
    expect((await run('dump', 'with-m.btf')).output).toMatch(/VAR 'init_task'/);
    const { code, output } = await run('verify', 'm.ko', '-B', 'm.btf', '--all');
    expect([code, output]).toEqual([1, expect.stringMatching(/m\.btf/)]);
  });

  test('verify says the fault and its place, and exits with 1', async () => {
    const { code, output } = await run('verify', 'cut.btf');
    expect(code).toBe(1);
    expect(output).toContain('.BTF+0x');
    const { output: json } = await run('verify', 'cut.btf', '--json');
    expect(JSON.parse(json)).toHaveLength(1);
  });

  test('a compressed file is read as what is in it', async () => {
    const packed = gzipSync(await readFile(join(folder, 'vmlinux')));
    await writeFile(join(folder, 'vmlinux.gz'), packed);
    const { code, output } = await run('dump', 'vmlinux.gz');
    expect(code).toBe(0);
    expect(output).toBe((await run('dump', 'vmlinux')).output);
  });

  test('an error names the file, and the base that may be missing', async () => {
    await writeFile(join(folder, 'text'), 'neither one nor the other');
    for (const verb of ['dump', 'verify', 'vars']) {
      const { code, output } = await run(verb, 'text');
      expect([code, output]).toEqual([
        1,
        expect.stringMatching(/^btfdepot: text: no kernel.*of text/),
      ]);
    }
    const { output } = await run('dump', 'parts/vmlinux.vars.btf');
    expect(output).toMatch(/^btfdepot: parts\/vmlinux\.vars\.btf: .*--base FILE/);
  });

  test('what is missing is said', async () => {
    expect(await run('tailor', 'vmlinux', 'vmlinux', '-o', 'x')).toMatchObject({
      code: 1,
      output: expect.stringContaining('vmlinux has no .BTF.ext') as string,
    });
    expect((await run('dump', 'vmlinux', '--section', '.BTF.vars')).output).toContain('but .BTF');
  });
});
