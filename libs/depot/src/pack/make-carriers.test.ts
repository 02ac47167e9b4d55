import { bytesSource } from '@btf-depot/bytes';
import { parseBtf } from '@btf-depot/btf';
import { judgeCarrier, readCarrier, type LoadFacts } from '@btf-depot/carrier';
import { linkRecord } from '@btf-depot/carrier/testing';
import { Machine, readElf, writeRelocatable } from '@btf-depot/elf';
import { listVariables } from '@btf-depot/extras';
import { buildIdOf, kernelFile, loadableKernel, TEST_VERMAGIC } from '@btf-depot/testing';
import { describe, expect, test } from 'vitest';
import { makeCarriers, type CarriersInput } from './make-carriers.ts';
import { mergeRecord } from '../accept/merge-record.ts';
import { LOCAL_ACTOR } from '../ownership/ownership.ts';
import { packKernel } from './pack-kernel.ts';
import { splitKernel, type KernelParts } from '../split/split-kernel.ts';

const buildId = buildIdOf('loadable');
const facts = {
  sources: [],
  at: new Date('2026-02-02T00:00:00Z'),
  actor: LOCAL_ACTOR,
  evidence: 'kernel' as const,
  bringsCore: true,
};

function partsOf(kernel: { vmlinux: Uint8Array; full?: Uint8Array }): KernelParts {
  const { vmlinux, full } = kernel;
  const input = { kernel: bytesSource(vmlinux), full: full && bytesSource(full) };
  return splitKernel(input, { extras: ['vars'] });
}

function packed(parts: KernelParts) {
  const { endian, delivery, core, vars, ksyms, carrier, arch, bits } = parts;
  return packKernel({
    buildId,
    revision: 1,
    endian,
    delivery,
    core: core.bytes,
    arch,
    bits,
    vars: vars?.bytes,
    ksyms: ksyms?.bytes,
    load: carrier.load,
  });
}

describe('of a kernel with symbols and variables', async () => {
  const parts = partsOf(loadableKernel(buildId));
  const files = await packed(parts);
  const bytesOf = (name: string) =>
    files.find((one) => one.name === name)?.bytes ?? new Uint8Array();

  test('ksyms are the variables that cannot hurt it', () => {
    const core = parseBtf(parts.core.bytes);
    const names = (bytes: Uint8Array) =>
      listVariables(parseBtf(bytes, { base: core })).map(({ name }) => name);
    expect(names(bytesOf('vmlinux.ksyms.btf'))).toEqual(['safe']);
    expect(names(bytesOf('vmlinux.vars.btf')).sort()).toEqual(['freed', 'safe', 'twice']);
    expect(parts.ksyms?.leftOut).toEqual({ 'ambiguous-name': 1, 'lost-memory': 1 });
  });

  test('both carriers load, and register nothing but ksyms', () => {
    for (const [file, name, extras] of [
      ['btf_vmlinux.ko', 'btf_vmlinux', ['.BTF.vars']],
      ['btf_vmlinux_ksyms.ko', 'btf_vmlinux_ksyms', []],
    ] as const) {
      const { sections, ...says } = readCarrier(bytesOf(file));
      expect(says).toMatchObject({ name, buildId, vermagic: TEST_VERMAGIC });
      expect(says.baseSha256).toBe(parts.core.sha256);
      expect(sections.map((one) => one.name)).toEqual(['.BTF', ...extras]);
      expect(new Uint8Array(sections[0]?.bytes ?? [])).toEqual(bytesOf('vmlinux.ksyms.btf'));
    }
  });

  test('each is there plain and compressed, and the manifest lists it', () => {
    const manifest = new TextDecoder().decode(bytesOf('manifest'));
    for (const name of ['btf_vmlinux.ko', 'btf_vmlinux_ksyms.ko']) {
      for (const suffix of ['', '.gz', '.xz', '.zst']) {
        expect(bytesOf(name + suffix).length).toBeGreaterThan(0);
        expect(manifest).toContain(` ${name}${suffix}\n`);
      }
    }
  });

  test('the record says all of it', () => {
    expect(mergeRecord(undefined, parts, facts)).toMatchObject({
      parts: { ksyms: { variables: 1, leftOut: { 'ambiguous-name': 1, 'lost-memory': 1 } } },
      carrier: { loadable: true, vermagic: TEST_VERMAGIC, moduleName: 'btf_vmlinux' },
    });
  });
});

describe('of an image that does not say what machine it is for', () => {
  const { vmlinux } = loadableKernel(buildId);
  const elf = readElf(bytesSource(vmlinux));
  const [notes, btf] = ['.notes', '.BTF'].map((name) => elf.filled(name));
  if (!notes || !btf) throw new Error('the kernel has no notes or no BTF');
  const image = Buffer.concat([Buffer.alloc(128), elf.bytes(notes), elf.bytes(btf)]);
  const { size, nameOffset } = partsOf({ vmlinux }).carrier.load?.structModule ?? {};
  const self = Buffer.alloc(size ?? 0);
  self.write('loop', nameOffset ?? 0, 'latin1');
  const module = writeRelocatable({
    class: 64,
    endian: 'little',
    machine: Machine.RISCV,
    sections: [
      { name: '.modinfo', bytes: Buffer.from('name=loop\0vermagic=6.12.0-test SMP \0', 'latin1') },
      { name: '.gnu.linkonce.this_module', bytes: self },
    ],
  });
  const alone = splitKernel({ kernel: bytesSource(image) }, { extras: [] });

  test('a module says it', () => {
    const input = { kernel: bytesSource(image), module: bytesSource(module) };
    const parts = splitKernel(input, { extras: [] });
    expect(alone.arch).toBeUndefined();
    expect(parts).toMatchObject({ arch: 'riscv64', bits: 64, carrier: { loadable: true } });
  });

  test('a module that comes later says it, and carriers are made anew', () => {
    const stored = { core: alone.core.bytes };
    const later = splitKernel(
      { module: bytesSource(module), stored },
      { buildId, delivery: 'builtin', extras: [] },
    );
    const record = mergeRecord(undefined, alone, facts);
    expect(record).not.toHaveProperty('arch');
    expect(mergeRecord(record, { ...later, core: alone.core }, facts)).toMatchObject({
      arch: 'riscv64',
      revision: 2,
      carrier: { loadable: true },
    });
  });

  test('one that has load facts without a machine is put right by the module, sent again', () => {
    const input = { kernel: bytesSource(image), module: bytesSource(module) };
    const whole = splitKernel(input, { extras: [] });
    const before = { ...whole };
    delete before.arch;
    const record = mergeRecord(undefined, before, facts);
    expect(mergeRecord(record, whole, facts)).toMatchObject({ arch: 'riscv64', revision: 2 });
  });
});

describe('the record says why there is less', () => {
  const { vmlinux, full } = loadableKernel(buildId);
  test.each([
    ['without variables', { vmlinux }, { loadable: true, why: 'no-vars' }],
    [
      'stripped',
      loadableKernel(buildId, { symbols: true }),
      { loadable: false, why: 'no-vermagic' },
    ],
    ['without vermagic', loadableKernel(buildId, { vermagic: true }), { why: 'no-vermagic' }],
    ['without struct module', { vmlinux: kernelFile({ buildId }) }, { why: 'no-vermagic' }],
  ])('%s', async (_, kernel, carrier) => {
    const parts = partsOf(kernel);
    expect(mergeRecord(undefined, parts, facts)?.carrier).toMatchObject(carrier);
    expect((await packed(parts)).map(({ name }) => name)).not.toContain('btf_vmlinux_ksyms.ko');
  });

  test('and a later upload adds what was missing, and none takes it away', () => {
    const bare = mergeRecord(undefined, partsOf({ vmlinux }), facts);
    const whole = mergeRecord(bare, partsOf({ vmlinux, full }), facts);
    expect(whole).toMatchObject({ revision: 2, parts: { ksyms: { variables: 1 } } });
    expect(whole?.carrier).not.toHaveProperty('why');
    const stripped = partsOf(loadableKernel(buildId, { symbols: true }));
    expect(
      mergeRecord(whole, { ...stripped, core: partsOf({ vmlinux }).core }, facts),
    ).toBeUndefined();
  });
});

describe('load facts that would make a carrier that no kernel must be given give containers:', () => {
  const parts = partsOf(loadableKernel(buildId));
  const { load } = parts.carrier;
  if (!load) throw new Error('not loadable');
  const plt = { name: '.plt', flags: 6 };
  test.each<[string, Partial<LoadFacts>]>([
    ['a placeholder twice', { placeholders: [plt, plt] }],
    ['more of them than a module has sections', { placeholders: Array(5000).fill(plt) }],
    ['one that is compressed', { placeholders: [{ ...plt, flags: 0x806 }] }],
    ['one that is aligned beyond all memory', { placeholders: [{ ...plt, align: 2 ** 32 }] }],
    ['one that is larger than all memory', { placeholders: [{ ...plt, size: 2 ** 53 }] }],
    ['one under a name that is none', { placeholders: [{ ...plt, name: '.init_array' }] }],
    ['a name outside struct module', { structModule: { size: 64, nameOffset: 4096 } }],
  ])('%s', async (_, change) => {
    const files = await packed({
      ...parts,
      carrier: { ...parts.carrier, load: { ...load, ...change } },
    });
    const names = files.map(({ name }) => name);
    expect(names).toContain('btf_vmlinux.ko.xz');
    expect(names).not.toContain('btf_vmlinux_ksyms.ko');
    const whole = files.find(({ name }) => name === 'btf_vmlinux.ko')?.bytes ?? new Uint8Array();
    expect(readCarrier(whole)).toMatchObject({ buildId, loadable: false });
    expect(judgeCarrier(whole)).toMatchObject({ as: 'carrier' });
  });
});

describe('inlined calls', () => {
  const text = (content: string) => new TextEncoder().encode(content);
  const inlines = text('inlines');
  const { endian, carrier } = partsOf(loadableKernel(buildId));
  const input: CarriersInput = {
    buildId,
    endian,
    delivery: 'builtin',
    arch: 'x86_64',
    bits: 64,
    core: text('core'),
    ksyms: text('ksyms'),
    inlines,
    load: carrier.load,
  };
  const sectionsOf = (module: Uint8Array | undefined) =>
    module && readCarrier(module).sections.map(({ name }) => name);

  test("lie beside ksyms, and alone in a module of upstream's name", () => {
    const made = makeCarriers(input, '00');
    expect(sectionsOf(made['btf_vmlinux.ko'])).toEqual(['.BTF', '.BTF.inlines']);
    expect(sectionsOf(made['btf_vmlinux_ksyms.ko'])).toEqual(['.BTF']);
    const inline = made['btf_vmlinux_inline.ko'];
    expect(sectionsOf(inline)).toEqual(['.BTF.inline']);
    expect(inline && readCarrier(inline).name).toBe('btf_vmlinux_inline');
  });

  test.each([
    ['matches', inlines, ['.BTF.inline']],
    ['does not match', text("the build's own"), undefined],
  ])('take the name that the kernel links to where the record %s', (_, linked, sections) => {
    const content = linkRecord({ module: 'btf_vmlinux_inline', data: linked });
    const section = '.BTF.inline.link';
    const links = [{ section, content: Buffer.from(content).toString('hex') }];
    const made = makeCarriers({ ...input, links }, '00');
    const inline = made['btf_vmlinux_inline.ko'];
    expect(sectionsOf(inline)).toEqual(sections);
    expect(sectionsOf(made['btf_vmlinux.ko'])).toEqual(['.BTF', '.BTF.inlines']);
  });
});
