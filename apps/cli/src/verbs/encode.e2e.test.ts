import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kindName, parseBtf } from '@btf-depot/btf';
import { At, Form, Tag } from '@btf-depot/dwarf';
import { buildDwarf, buildImage } from '@btf-depot/dwarf/testing';
import { testFolder } from '@btf-depot/testing/folders';
import { btfdepot } from '@btf-depot/testing/processes';
import { expect, test } from 'vitest';

const folder = testFolder();

const int = {
  tag: Tag.BASE_TYPE,
  label: 'int',
  attributes: [
    [At.NAME, Form.STRP, 'int'],
    [At.BYTE_SIZE, Form.DATA1, 4],
    [At.ENCODING, Form.DATA1, 5],
  ] as const,
};
const typedef = {
  tag: Tag.TYPEDEF,
  attributes: [
    [At.NAME, Form.STRP, 'pid_t'],
    [At.TYPE, Form.REF4, { label: 'int' }],
  ] as const,
};

test('encode writes the BTF of debug information, counts it, and compares it with another', async () => {
  const vmlinux = join(folder, 'vmlinux');
  const units = [{ root: { tag: Tag.COMPILE_UNIT, children: [int, typedef] } }];
  writeFileSync(vmlinux, buildImage(buildDwarf({ units })));
  const output = join(folder, 'vmlinux.btf');

  const written = await btfdepot(['encode', vmlinux, '-o', output, '--json'], folder);
  expect(written.code).toBe(0);
  expect(JSON.parse(written.output)).toMatchObject({
    types: 2,
    rules: '1.30',
    coverage: { units: 1 },
  });
  const btf = parseBtf(readFileSync(output));
  expect(btf.name(btf.sizeOrType(btf.find('pid_t') ?? 0))).toBe('int');

  const compared = await btfdepot(['encode', vmlinux, '--compare', output], folder);
  expect(compared.output).toMatch(/the same types +2\n/);
  expect(compared.output).toMatch(/types only here +0/);
});

test('encode takes the features that pahole names, and says which it does not know', async () => {
  const double = {
    tag: Tag.BASE_TYPE,
    attributes: [
      [At.NAME, Form.STRP, 'double'],
      [At.BYTE_SIZE, Form.DATA1, 8],
      [At.ENCODING, Form.DATA1, 4],
    ] as const,
  };
  const vmlinux = join(folder, 'features');
  const units = [{ root: { tag: Tag.COMPILE_UNIT, children: [int, double] } }];
  writeFileSync(vmlinux, buildImage(buildDwarf({ units })));
  const kindWith = async (...flags: string[]) => {
    const output = join(folder, 'features.btf');
    const { code, output: said } = await btfdepot(
      ['encode', vmlinux, '-o', output, ...flags],
      folder,
    );
    expect(code, said).toBe(0);
    const btf = parseBtf(readFileSync(output));
    return kindName(btf.kind(btf.find('double') ?? 0));
  };
  expect(await kindWith()).toBe('FLOAT');
  expect(await kindWith('--features', 'enum64,decl_tag')).toBe('INT');
  expect(await kindWith('--for', '5.10')).toBe('INT');
  const { code, output } = await btfdepot(['encode', vmlinux, '--features', 'floats'], folder);
  expect(code).not.toBe(0);
  expect(output).toContain('floats is not one of float, enum64');
});

test('encode says what a file lacks', async () => {
  const text = join(folder, 'text');
  writeFileSync(text, 'no kernel\n');
  const { code, output } = await btfdepot(['encode', text], folder);
  expect(code).toBe(1);
  expect(output).toMatch(/not an ELF file/);
});
