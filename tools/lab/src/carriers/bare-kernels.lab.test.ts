import { join } from 'node:path';
import { parseBtf } from '@btf-depot/btf';
import { bytesSource, type Source } from '@btf-depot/bytes';
import { carrier, loadFacts, type LoadFacts } from '@btf-depot/carrier';
import { openFileSource } from '@btf-depot/compute';
import { splitKernel } from '@btf-depot/depot';
import { readElf } from '@btf-depot/elf';
import { unpackModules, type BareKernel } from '@btf-depot/kernels';
import { sha256Of } from '@btf-depot/testing';
import { testFolder } from '@btf-depot/testing/folders';
import { beforeAll, expect, it } from 'vitest';
import { coreOf, imageOf, kallsymsOf } from '../machine/boot-image.ts';
import { packCarriers } from './built-carriers.ts';
import { boot, type Booted, type Step } from '../index.ts';
import { smallCore, smallFull } from './small-btf.ts';
import { describeBareInLab } from '../testing.ts';

/** TAINT_OOT_MODULE and TAINT_UNSIGNED_MODULE (Documentation/admin-guide/tainted-kernels.rst). */
const OUT_OF_TREE_AND_UNSIGNED = '12288\n';
const COMPLAINT = /\bBTF\b|[Ii]nvalid|failed to|BUG|WARN|Oops|Call Trace/;

const folder = testFolder();

const modules = new Map<string, string>();

/** A module of the kernel's build, unpacked once. */
function moduleOf(kernel: BareKernel) {
  const path =
    modules.get(kernel.name) ?? unpackModules(kernel, join(folder, kernel.name), 1_000_000)[0];
  modules.set(kernel.name, path);
  return openFileSource(path);
}

/** As made without a module of the build: with the defaults of the architecture. */
function byArchitecture(load: LoadFacts): LoadFacts {
  const shaped: { -readonly [Fact in keyof LoadFacts]: LoadFacts[Fact] } = { ...load };
  delete shaped.placeholders;
  delete shaped.elfFlags;
  delete shaped.osabi;
  return shaped;
}

const loads = (name: string, path: string, of: string): Step => ({
  name,
  run: `insmod /${path} && sha256sum < /sys/kernel/btf/${of} && rmmod ${of}`,
});

const tainted: Step = { name: 'tainted', run: 'cat /proc/sys/kernel/tainted' };

for (const name of ['K612ppc64le', 'K612riscv64', 'K612s390x', 'K612arm64p16k'] as const) {
  describeBareInLab(name, 'carriers of an image and a module', (kernel) => {
    let booted: Booted;
    let ksyms: string;
    beforeAll(async () => {
      const image = await imageOf(kernel);
      const { parts, artifact, pack, target } = await packCarriers(partsOf(kernel, image));
      expect(parts.carrier).toMatchObject({ loadable: true });
      ksyms = `${sha256Of(artifact('vmlinux.ksyms.btf'))}  -\n`;
      const { buildId, load, ksyms: btf } = pack;
      if (!load || !btf) throw new Error('its carrier is not loadable');
      const shaped = {
        target,
        buildId,
        baseSha256: parts.core.sha256,
        extras: [],
        btf: { holds: 'ksyms', bytes: btf },
      } as const;
      booted = await boot(kernel, {
        files: [
          { path: 'whole.ko', bytes: artifact('btf_vmlinux.ko') },
          { path: 'least.ko', bytes: artifact('btf_vmlinux_ksyms.ko') },
          { path: 'shape.ko', bytes: carrier({ ...shaped, load: byArchitecture(load) }) },
        ],
        steps: [
          loads('whole', 'whole.ko', 'btf_vmlinux'),
          loads('least', 'least.ko', 'btf_vmlinux_ksyms'),
          loads('shape', 'shape.ko', 'btf_vmlinux'),
          tainted,
        ],
      });
    });

    it.each([
      ['whole', 'the whole one'],
      ['least', 'ksyms alone'],
      ['shape', 'one without a module to copy from'],
    ])('load, and sysfs has their BTF: %s, %s', (step) => {
      const { status, output, kernelLog } = booted.step(step);
      expect({ status, output }).toEqual({ status: 0, output: ksyms });
      expect(kernelLog).not.toMatch(COMPLAINT);
    });

    it('taint the kernel as modules of others do, and no more', () => {
      expect(booted.step('tainted').output).toBe(OUT_OF_TREE_AND_UNSIGNED);
    });
  });
}

describeBareInLab('K612ppc64le', 'placeholders as other architectures have them', (kernel) => {
  it('make its loader warn, which is why .stubs is empty', async () => {
    const { parts, pack, target } = await packCarriers(partsOf(kernel, await imageOf(kernel)));
    const { buildId, load, ksyms: btf } = pack;
    if (!load || !btf) throw new Error('its carrier is not loadable');
    const bytes = carrier({
      target,
      buildId,
      baseSha256: parts.core.sha256,
      extras: [],
      btf: { holds: 'ksyms', bytes: btf },
      load: { ...load, placeholders: [{ name: '.stubs', flags: 6 }] },
    });
    const steps = [{ name: 'load', run: 'insmod /one-byte.ko' }, tainted];
    const booted = await boot(kernel, { files: [{ path: 'one-byte.ko', bytes }], steps });
    expect(booted.step('load').kernelLog).toMatch(/WARNING.*stub_for_addr/);
    expect(booted.step('tainted').output).not.toBe(OUT_OF_TREE_AND_UNSIGNED);
  });
});

describeBareInLab('K72loong64', 'a carrier with core, of a kernel without BTF', (kernel) => {
  it('loads with and without a module to copy from, and gives nothing in sysfs', async () => {
    using source = moduleOf(kernel);
    const module = readElf(source);
    const core = smallCore();
    // Neither its image nor its packages have its types: the module gives the size of the struct.
    const found = loadFacts({ core: parseBtf(core), module });
    expect(found).toMatchObject({ loadable: true });
    if (!found.loadable) return;
    const { class: bits, endian, header } = module;
    const input = {
      target: { class: bits, endian, machine: header.machine },
      buildId: '00',
      baseSha256: sha256Of(core),
      extras: [],
      btf: { holds: 'core', bytes: core },
    } as const;
    const run = (path: string) => `insmod /${path} && ls /sys/kernel/btf; rmmod btf_vmlinux`;
    const booted = await boot(kernel, {
      files: [
        { path: 'copied.ko', bytes: carrier({ ...input, load: found.facts }) },
        { path: 'shape.ko', bytes: carrier({ ...input, load: byArchitecture(found.facts) }) },
      ],
      steps: [
        { name: 'copied', run: run('copied.ko') },
        { name: 'shape', run: run('shape.ko') },
        tainted,
      ],
    });
    for (const step of ['copied', 'shape']) {
      const { status, output, kernelLog } = booted.step(step);
      expect({ step, status }).toEqual({ step, status: 0 });
      expect(output).toBe('ls: /sys/kernel/btf: No such file or directory\n');
      expect(kernelLog).not.toMatch(COMPLAINT);
    }
    expect(booted.step('tainted').output).toBe(OUT_OF_TREE_AND_UNSIGNED);
  });
});

function partsOf(kernel: BareKernel, image: Source) {
  using module = moduleOf(kernel);
  const core = parseBtf(coreOf(image));
  const full = bytesSource(smallFull(core, kallsymsOf(image)));
  const parts = splitKernel({ kernel: image, module, full }, { extras: ['vars'] });
  expect(parts.ksyms).toMatchObject({ from: 'kallsyms', leftOut: {} });
  return parts;
}
