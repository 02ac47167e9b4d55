import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildIdOf, kernelBtf, kernelFile } from '@btf-depot/testing';
import { testFolder } from '@btf-depot/testing/folders';
import { tarFile } from '@btf-depot/testing/packages';
import { runIn, testWith } from '@btf-depot/testing/programs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sendParts } from '../testing/send-parts.ts';
import { startIngest } from '../testing/start-ingest.ts';

let ingest: Awaited<ReturnType<typeof startIngest>>;
const folder = testFolder();

beforeAll(async () => {
  ingest = await startIngest({});
});

afterAll(() => ingest.stop());

const send = (kernel: Uint8Array, query = '') => sendParts(ingest.url, { kernel }, query);

const FLAGS =
  '-g -O1 -mcmodel=kernel -ffreestanding -fno-pic -fno-pie -nostdlib -static -no-pie ' +
  '-fno-asynchronous-unwind-tables -Wl,--build-id=0x';

/** Compiles and links a kernel of one variable, with BTF that is loaded. */
async function compiled(name: string, buildId: string, notes: string): Promise<string> {
  const path = join(folder, name);
  writeFileSync(`${path}.c`, 'int counter = 3; void _start(void) { counter++; }\n');
  writeFileSync(
    `${path}.ld`,
    'SECTIONS { . = 0xffffffff81000000; .text : { _stext = .; *(.text*) } ' +
      `.notes : { ${notes} } .data : { *(.data*) } .bss : { *(.bss*) } _end = .; ` +
      '/DISCARD/ : { *(.comment) *(.eh_frame) } }\n',
  );
  writeFileSync(`${path}.btf`, kernelBtf());
  const flags = `${FLAGS}${buildId} -Wl,-T,${name}.ld`.split(' ');
  await runIn(folder, ['gcc', ...flags, `${name}.c`, '-o', name]);
  const section = ['--add-section', `.BTF=${name}.btf`, '--set-section-flags'];
  await runIn(folder, ['objcopy', ...section, '.BTF=alloc,readonly,contents', name]);
  return path;
}

/** Type and more of each section, as readelf prints them. */
const sectionsOf = (name: string) => runIn(folder, ['readelf', '-SW', name]);

testWith(
  ['gcc', 'objcopy', 'readelf'],
  'notes that the linker made PROGBITS have the build ID as others do',
  async () => {
    const buildId = buildIdOf('progbits');
    const path = await compiled('progbits', buildId, '*(.note.*)');
    // The case itself: where gcc writes .note.GNU-stack, the linker joins it.
    expect(await sectionsOf('progbits')).toMatch(/ \.notes +PROGBITS /);
    expect(await send(await readFile(path))).toMatchObject({ status: 201, body: { buildId } });
  },
);

testWith(
  ['gcc', 'objcopy', 'readelf', 'strip'],
  'BTF that a debug file has as NOBITS is BTF that it does not have',
  async () => {
    const buildId = buildIdOf('nobits');
    const path = await compiled('nobits', buildId, '*(.note.gnu.build-id)');
    await runIn(folder, ['objcopy', '--only-keep-debug', path, `${path}.debug`]);
    await runIn(folder, ['strip', '-g', path, '-o', `${path}.stripped`]);
    expect(await sectionsOf('nobits.debug')).toMatch(/ \.BTF +NOBITS /);
    expect(await send(await readFile(`${path}.stripped`))).toMatchObject({ status: 201 });
    expect(await send(await readFile(`${path}.debug`))).toMatchObject({
      status: 201,
      body: { revision: 2, buildId },
    });
    expect(await ingest.record(buildId)).toMatchObject({
      core: { size: kernelBtf().length },
      parts: { vars: { variables: 1, origin: 'dwarf' } },
    });
  },
);

testWith(
  ['gcc', 'objcopy', 'strip'],
  'a stripped kernel and its debug file in one archive are one kernel, with variables',
  async () => {
    for (const order of [
      ['stripped', 'debug'],
      ['debug', 'stripped'],
    ]) {
      const name = order.join('-');
      const buildId = buildIdOf(name);
      const path = await compiled(name, buildId, '*(.note.gnu.build-id)');
      await runIn(folder, ['objcopy', '--only-keep-debug', path, `${path}.debug`]);
      await runIn(folder, ['strip', '-g', path, '-o', `${path}.stripped`]);
      const members = order.map(async (what) => ({
        name: `boot/vmlinux-${what}`,
        bytes: await readFile(`${path}.${what}`),
      }));
      const archive = tarFile(await Promise.all(members));
      const { status, body } = await send(archive);
      expect([status, body.revision]).toEqual([201, 1]);
      expect(body.report).toMatchObject({
        used: [
          { as: 'kernel', name: 'boot/vmlinux-stripped' },
          { as: 'debug', name: 'boot/vmlinux-debug' },
        ],
        passedOver: [],
      });
      expect(body.report).toMatchObject({ missing: [{ part: 'inlines' }] });
      expect(await ingest.record(buildId)).toMatchObject({
        core: { size: kernelBtf().length, origin: 'verbatim' },
        parts: { vars: { variables: 1, origin: 'dwarf' } },
        owner: { principal: 'local' },
      });
      expect((await send(archive)).status).toBe(200);
    }
  },
);

describe('a kernel that does not say its build ID', () => {
  const kernel = kernelFile({ buildId: undefined, ballast: 100 });

  test('is asked for it', async () => {
    const { status, body } = await send(kernel);
    expect([status, body.code]).toEqual([422, 'no-build-id']);
    expect(body.detail).toContain('name it with ?buildId= or --build-id');
  });

  test('is taken under the one that is named', async () => {
    const buildId = buildIdOf('named');
    expect(await send(kernel, `?buildId=${buildId}`)).toMatchObject({
      status: 201,
      body: { buildId },
    });
    expect(await ingest.record(buildId)).toMatchObject({ delivery: 'builtin', arch: 'x86_64' });
  });

  test('and one that says another than the named is refused', async () => {
    const { status, body } = await send(
      kernelFile({ buildId: buildIdOf('its own'), ballast: 100 }),
      `?buildId=${buildIdOf('another')}`,
    );
    expect([status, body.code]).toEqual([400, 'bad-query']);
  });
});

test('an ELF file that only wraps BTF is taken as that BTF, in an archive too', async () => {
  const elf = kernelFile({ buildId: undefined, btf: kernelBtf({ name: 'wrapped' }) });
  const answer = { delivery: 'module', core: { origin: expect.any(String) as string } };
  for (const [seed, bytes] of Object.entries({
    wrapped: elf,
    'in an archive': tarFile([{ name: '6.9.0-toy.btf', bytes: elf }]),
    'raw, in an archive': tarFile([{ name: 'x/6.9.0-toy.btf', bytes: kernelBtf() }]),
  })) {
    const buildId = buildIdOf(seed);
    expect((await send(bytes, `?buildId=${buildId}`)).status, seed).toBe(201);
    const record = await ingest.record(buildId);
    expect(record, seed).toMatchObject(answer);
    expect(record, seed).not.toHaveProperty('arch');
  }
});

testWith(['objcopy'], 'BTF that objcopy wrapped is taken as that BTF', async () => {
  const buildId = buildIdOf('objcopy');
  writeFileSync(join(folder, 'raw.btf'), kernelBtf());
  const rename = ['--rename-section', '.data=.BTF'];
  await runIn(folder, [
    'objcopy',
    '-I',
    'binary',
    '-O',
    'elf64-x86-64',
    ...rename,
    'raw.btf',
    'elf.btf',
  ]);
  const wrapped = await readFile(join(folder, 'elf.btf'));
  expect(await send(wrapped, `?buildId=${buildId}`)).toMatchObject({ status: 201 });
});
