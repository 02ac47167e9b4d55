import { join } from 'node:path';
import { DepotClient } from '@btf-depot/client';
import { buildIdOf, kernelBtf, kernelFile, loadableKernel } from '@btf-depot/testing';
import { testDepot } from '@btf-depot/testing/depots';
import { writeFiles } from '@btf-depot/testing/farm';
import { testFolder } from '@btf-depot/testing/folders';
import { tarFile } from '@btf-depot/testing/packages';
import { btfdepot } from '@btf-depot/testing/processes';
import { expect, test } from 'vitest';

const folder = testFolder();
const depot = testDepot(join(folder, 'data'));

function archiveOf(seeds: Readonly<Record<string, Uint8Array>>): Uint8Array {
  return tarFile(
    Object.entries(seeds).map(([seed, btf]) => {
      const bytes = kernelFile({ buildId: buildIdOf(seed), btf });
      return { name: `boot/vmlinux-${seed}`, bytes };
    }),
  );
}

const push = (...args: string[]) => btfdepot(['push', '--url', depot.url, ...args], folder);

test('push shows every kernel of an archive, and the useless files', async () => {
  const files = { 'two.tar': archiveOf({ generic: kernelBtf(), rt: kernelBtf({ name: 'rt' }) }) };
  writeFiles(folder, files);
  const first = await push(join(folder, 'two.tar'));
  expect(first.code).toBe(0);
  for (const seed of ['generic', 'rt']) {
    expect(first.output).toContain(`boot/vmlinux-${seed}: `);
    expect(first.output).toContain(`build ID ${buildIdOf(seed)}, revision 1: ready`);
    expect(await new DepotClient(depot.url).record(buildIdOf(seed))).toMatchObject({
      state: 'ready',
    });
  }
  expect(first.output).toContain('no vars: the file has no debug information');
  const again = await push(join(folder, 'two.tar'));
  expect([again.code, again.output.match(/nothing was sent/g)?.length]).toEqual([0, 2]);
  expect(again.output).toContain('no vars: no file of it so far contains variables');
  expect(again.output).toContain('no inlines: no file of it so far contains inlined calls');
});

test('push ends with 1 if one kernel of an archive is refused, and the others are there', async () => {
  writeFiles(folder, {
    'mixed.tar': archiveOf({ sound: kernelBtf(), damaged: Buffer.from('no BTF at all') }),
  });
  const { code, output } = await push('--json', join(folder, 'mixed.tar'));
  expect(code).toBe(1);
  expect(JSON.parse(output)).toMatchObject([
    {
      status: { buildId: buildIdOf('sound'), state: 'ready' },
      report: {
        found: [{ kind: 'elf' }, { kind: 'elf' }],
        missing: [{ part: 'vars' }, { part: 'inlines' }],
      },
    },
    { name: 'boot/vmlinux-damaged', error: { code: 'bad-btf' } },
  ]);
});

test('push --split=here sends each kernel of an archive by itself', async () => {
  writeFiles(folder, {
    'here.tar': archiveOf({ one: kernelBtf(), two: kernelBtf({ name: 'two' }) }),
  });
  const { code, output } = await push('--split=here', join(folder, 'here.tar'));
  expect([code, output.match(/: ready$/gm)?.length]).toEqual([0, 2]);
});

test('push takes several carriers beside one kernel, and shows which was not published', async () => {
  const { vmlinux, full } = loadableKernel(buildIdOf('carriers'));
  writeFiles(folder, { vmlinux, 'full.btf': full });
  await push('vmlinux', '--full', 'full.btf');
  for (const file of ['btf_vmlinux.ko', 'btf_vmlinux_ksyms.ko']) {
    const get = ['get', '--url', depot.url, buildIdOf('carriers'), file, '-o', `given.${file}`];
    expect((await btfdepot(get, folder)).code).toBe(0);
  }
  const files = ['given.btf_vmlinux.ko', 'given.btf_vmlinux_ksyms.ko'];
  const carriers = files.flatMap((file) => ['--carrier', file]);
  const sent = await push('vmlinux', ...carriers);
  expect(sent.code, sent.output).toBe(0);
  const record = await new DepotClient(depot.url).record(buildIdOf('carriers'));
  expect(Object.keys(record?.carrier?.given ?? {}).sort()).toEqual([
    'btf_vmlinux.ko',
    'btf_vmlinux_ksyms.ko',
  ]);
});

test('split of a kernel without BTF and debug information says what it wants', async () => {
  writeFiles(folder, { bare: kernelFile({ buildId: buildIdOf('bare'), btf: undefined }) });
  const { code, output } = await btfdepot(['split', 'bare', '-o', 'parts'], folder);
  expect(code).toBe(1);
  expect(output).toContain('has neither BTF nor debug information');
});

test('BTF with variables beside one kernel is its full BTF, and no other core', async () => {
  const { vmlinux, full } = loadableKernel(buildIdOf('beside'));
  writeFiles(folder, { 'out/vmlinux': vmlinux, 'out/vmlinux.full.btf': full });
  const { code, output } = await push('out/vmlinux.full.btf', 'out/vmlinux');
  expect(code, output).toBe(0);
  expect(await new DepotClient(depot.url).record(buildIdOf('beside'))).toMatchObject({
    delivery: 'builtin',
    core: { origin: 'verbatim' },
    parts: { vars: { origin: 'full', variables: 3 } },
  });
});
