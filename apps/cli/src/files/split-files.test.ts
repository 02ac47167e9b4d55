import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildIdOf, kernelFile } from '@btf-depot/testing';
import { testFolder } from '@btf-depot/testing/folders';
import { bzImageFile, tarFile } from '@btf-depot/testing/packages';
import { runIn, testWith } from '@btf-depot/testing/programs';
import { expect, test } from 'vitest';
import { fileVariables } from '../verbs/vars/variable-source.ts';
import { makeCarrier } from '../verbs/carrier/make-carrier.ts';
import { splitFiles } from './split-files.ts';

const folder = testFolder();
const at = (name: string) => join(folder, name);

test('a kernel in an image, and in an archive, is split as it is by itself', async () => {
  const vmlinux = kernelFile();
  const files = {
    vmlinux,
    vmlinuz: bzImageFile(vmlinux),
    'kernel.tar': tarFile([{ name: 'boot/vmlinuz', bytes: bzImageFile(vmlinux) }]),
  };
  for (const [name, bytes] of Object.entries(files)) {
    await writeFile(at(name), bytes);
    const { parts, passedOver } = await splitFiles({ kernel: at(name) }, { extras: ['vars'] });
    expect([name, parts.buildId, parts.release]).toEqual([
      name,
      buildIdOf('kernel'),
      parts.release,
    ]);
    expect([name, parts.core.bytes, passedOver]).toEqual([
      name,
      (await splitFiles({ kernel: at('vmlinux') }, { extras: [] })).parts.core.bytes,
      [],
    ]);
    expect(await makeCarrier({ kernel: at(name) }, {})).toMatchObject({
      buildId: buildIdOf('kernel'),
    });
  }
});

test('of an archive with several kernels one has to be named', async () => {
  const members = ['one', 'two'].map((seed) => ({
    name: `boot/vmlinux-${seed}`,
    bytes: kernelFile({ buildId: buildIdOf(seed) }),
  }));
  await writeFile(at('both.tar'), tarFile(members));
  await expect(splitFiles({ kernel: at('both.tar') }, { extras: [] })).rejects.toThrow(
    /has 2 kernels, unpack one of them: boot\/vmlinux-one, boot\/vmlinux-two$/,
  );
});

testWith(
  ['gcc', 'objcopy', 'strip'],
  'debug information in a file beside its kernel is used by every verb, not dropped',
  async () => {
    await writeFile(at('k.c'), 'int counter = 3; void _start(void) { counter++; }\n');
    const id = buildIdOf('beside');
    const flags = `-g -O1 -ffreestanding -nostdlib -static -Wl,--build-id=0x${id}`;
    await runIn(folder, ['gcc', ...flags.split(' '), 'k.c', '-o', 'k']);
    const { parts } = await splitFiles({ kernel: at('vmlinux') }, { extras: [] });
    await writeFile(at('k.btf'), parts.core.bytes);
    await runIn(folder, ['objcopy', '--add-section', '.BTF=k.btf', 'k']);
    await runIn(folder, ['objcopy', '--only-keep-debug', 'k', 'k.debug']);
    await runIn(folder, ['strip', '-g', 'k', '-o', 'k.stripped']);
    const member = async (name: string) => ({
      name: `boot/vmlinux-${name}`,
      bytes: await readFile(at(name)),
    });
    await writeFile(at('k.tar'), tarFile([await member('k.stripped'), await member('k.debug')]));
    const split = await splitFiles({ kernel: at('k.tar') }, { extras: ['vars', 'inlines'] });
    expect(split.parts).toMatchObject({ buildId: id, vars: { variables: 1, origin: 'dwarf' } });
    const names: string[] = [];
    for await (const { name } of (await fileVariables(at('k.tar'), undefined)).list('*')) {
      names.push(name);
    }
    expect(names).toContain('counter');
    expect(await makeCarrier({ kernel: at('k.tar') }, {})).toMatchObject({ variables: 1 });
  },
);
