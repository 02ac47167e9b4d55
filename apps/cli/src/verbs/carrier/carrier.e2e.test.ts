import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parseBtf } from '@btf-depot/btf';
import { carrier, readCarrier, structModule } from '@btf-depot/carrier';
import { withSection } from '@btf-depot/carrier/testing';
import { buildIdOf as buildIdIn, readNotes, SectionFlag } from '@btf-depot/elf';
import { buildIdOf, loadableKernel, sha256Of, TEST_VERMAGIC } from '@btf-depot/testing';
import { btfdepot } from '@btf-depot/testing/processes';
import { endianness } from 'node:os';
import { testFolder } from '@btf-depot/testing/folders';
import { beforeAll, expect, test } from 'vitest';

const buildId = buildIdOf('offline');

const folder = testFolder();

beforeAll(async () => {
  const { vmlinux, full } = loadableKernel(buildId);
  await writeFile(join(folder, 'vmlinux'), vmlinux);
  await writeFile(join(folder, 'full.btf'), full);
  await writeFile(join(folder, 'stripped'), loadableKernel(buildId, { symbols: true }).vmlinux);
});

const make = (...args: string[]) => btfdepot(['carrier', ...args], folder);
const bytesOf = async (name: string) => new Uint8Array(await readFile(join(folder, name)));

test('makes a carrier that loads, and says what is in it', async () => {
  const { code, output } = await make(
    '--kernel',
    'vmlinux',
    '--full',
    'full.btf',
    '-o',
    'btf_vmlinux.ko',
  );
  expect(output).toContain(`build ID ${buildId}`);
  expect(output).toContain('3 variables, 1 for the running kernel');
  expect(output).toContain('the kernel loads it');
  expect(code).toBe(0);
  const { sections, vermagic } = readCarrier(await bytesOf('btf_vmlinux.ko'));
  expect(sections.map(({ name }) => name)).toEqual(['.BTF', '.BTF.vars']);
  expect(vermagic).toBe(TEST_VERMAGIC);
});

test('makes the same bytes of variables that were split before, compressed by its name', async () => {
  const { sections } = readCarrier(await bytesOf('btf_vmlinux.ko'));
  await writeFile(join(folder, 'vars.btf'), sections[1]?.bytes ?? '');
  const { code } = await make('--kernel', 'vmlinux', '--vars', 'vars.btf', '-o', 'again.ko.gz');
  expect(code).toBe(0);
  const again = new Uint8Array(gunzipSync(await bytesOf('again.ko.gz')));
  expect(again).toEqual(await bytesOf('btf_vmlinux.ko'));
});

test('gives the module the requested name, also with --json', async () => {
  const { output } = await make(
    '--kernel',
    'vmlinux',
    '--full',
    'full.btf',
    '--name',
    'vmlinux.vars',
    '-o',
    'n.ko',
    '--json',
  );
  expect(JSON.parse(output)).toMatchObject({ file: 'n.ko', buildId, loadable: true, ksyms: 1 });
  expect(readCarrier(await bytesOf('n.ko')).name).toBe('vmlinux.vars');
});

test('leaves nothing half written where it fails', async () => {
  const { code, output } = await make('--kernel', 'stripped', '--least', '-o', 'least.ko');
  expect([code, output]).toEqual([1, expect.stringContaining('[no-vars]')]);
  const key = ['--key', 'vmlinux', '--certificate', 'vmlinux'];
  const signed = await make('--kernel', 'vmlinux', '--full', 'full.btf', ...key, '-o', 'signed.ko');
  expect([signed.code, signed.output]).toEqual([1, expect.stringContaining('[carrier-key]')]);
  expect((await readdir(folder)).filter((name) => /^(?:least|signed)/.test(name))).toEqual([]);
});

test('inspect tells whether a module has anything but BTF, and --running refuses such a module', async () => {
  const honest = await bytesOf('btf_vmlinux.ko');
  const flags = SectionFlag.ALLOC | SectionFlag.EXECINSTR;
  const code = { name: '.init.text', flags, bytes: Uint8Array.of(0x31, 0xc0, 0xc3) };
  await writeFile(join(folder, 'code.ko'), withSection(honest, code));
  const inspect = (...args: string[]) => btfdepot(['inspect', ...args], folder);
  expect((await inspect('btf_vmlinux.ko')).output).toContain('nothing but BTF: version 1 of');
  const { code: status, output } = await inspect('code.ko');
  expect([status, output]).toEqual([
    0,
    expect.stringContaining('not only BTF: .init.text: it is for code [carrier-section]'),
  ]);
  const running = await inspect('code.ko', '--running', '--json');
  expect([running.code, running.output]).toEqual([
    1,
    expect.stringMatching(/"as": *"refused"[^]*"misfit": *"unsafe"/),
  ]);
});

test('inspect judges a module whose BTF is broken, and fails', async () => {
  const more = { name: '.BTF.of_any_name', flags: SectionFlag.ALLOC, bytes: Buffer.from('no BTF') };
  const honest = await bytesOf('btf_vmlinux.ko');
  await writeFile(join(folder, 'broken.ko'), withSection(honest, more));
  const inspect = (...args: string[]) => btfdepot(['inspect', 'broken.ko', ...args], folder);
  const { code, output } = await inspect();
  expect(code).toBe(1);
  expect(output).toContain('not only BTF: .BTF.of_any_name: its type and flags are not those');
  expect(output).toMatch(/^\.BTF\.of_any_name: 6 B, not read: .*\[btf-magic\]$/m);
  expect(output).toMatch(/^\.BTF: \d+ B .*split/m);
  const json = await inspect('--json');
  expect([json.code, json.output]).toEqual([1, expect.stringMatching(/"fault"[^]*"btf-magic"/)]);
});

test('inspect tells before insmod whether a carrier fits the running kernel', async () => {
  const inspect = (file: string) => btfdepot(['inspect', file, '--running', '--json'], folder);
  const other = await inspect('btf_vmlinux.ko');
  expect([other.code, other.output]).toEqual([
    1,
    expect.stringMatching(/"misfit": *"(other-build-id|unknown-kernel)"/),
  ]);
  const none = await inspect('vmlinux');
  expect([none.code, none.output]).toEqual([1, expect.stringContaining('no-carrier')]);
});

const notes = await readFile('/sys/kernel/notes').catch(() => undefined);
const here = notes && buildIdIn(readNotes(notes, endianness() === 'LE' ? 'little' : 'big'));

test.skipIf(here === undefined)(
  'and takes one of its build ID and its BTF (needs /sys/kernel/notes)',
  async () => {
    const { vermagic = '' } = readCarrier(await bytesOf('btf_vmlinux.ko'));
    const btf = await readFile('/sys/kernel/btf/vmlinux').catch(() => undefined);
    const layout = btf ? structModule(parseBtf(btf), 64) : { size: 1280, nameOffset: 24 };
    const made = (baseSha256: string) =>
      carrier({
        target: { class: 64, endian: 'little', machine: 62 },
        buildId: here ?? '',
        baseSha256,
        extras: [],
        load: { vermagic, structModule: layout },
      });
    const inspect = async (name: string, baseSha256: string) => {
      await writeFile(join(folder, name), made(baseSha256));
      return btfdepot(['inspect', name, '--running'], folder);
    };
    const ours = await inspect('here.ko', btf ? sha256Of(btf) : '00');
    expect([ours.code, ours.output]).toEqual([
      0,
      expect.stringContaining('fits the running kernel'),
    ]);
    if (!btf) return;
    const stale = await inspect('stale.ko', '00'.repeat(32));
    expect([stale.code, stale.output]).toEqual([1, expect.stringContaining('other-base')]);
  },
);
