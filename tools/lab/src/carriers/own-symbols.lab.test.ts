import type { Source } from '@btf-depot/bytes';
import { splitKernel } from '@btf-depot/depot';
import type { Kallsyms } from '@btf-depot/extras';
import { unpackModules, type Kernel } from '@btf-depot/kernels';
import { openFileSource } from '@btf-depot/compute';
import { sha256Of } from '@btf-depot/testing';
import { join } from 'node:path';
import { testFolder } from '@btf-depot/testing/folders';
import { expect, it } from 'vitest';
import { imageOf, kallsymsOf } from '../machine/boot-image.ts';
import { packCarriers } from './built-carriers.ts';
import { boot } from '../index.ts';
import { describeInLab, inFull } from '../testing.ts';

const folder = testFolder();

/** Symbols of modules, BPF and ftrace have a name in brackets. */
const OWN_LINES = "grep -v '\\[' /proc/kallsyms";

for (const name of inFull(['K612'], ['K72', 'K612arm64'])) {
  describeInLab(
    name,
    'a kernel whose image and a module were sent, no vmlinux and no map',
    (kernel) => {
      it('loads a carrier with ksyms, and has the symbols that were read of it', async () => {
        const image = await imageOf(kernel);
        const parts = partsOf(kernel, image);
        expect(parts.ksyms?.from).toBe('kallsyms');
        expect(parts.ksyms?.variables).toBeGreaterThan(20_000);
        expect(parts.carrier.loadable).toBe(true);
        const { artifact } = await packCarriers(parts);
        const booted = await boot(kernel, {
          // Link addresses.
          commandLine: 'nokaslr',
          files: [{ path: 'carrier.ko', bytes: artifact('btf_vmlinux_ksyms.ko') }],
          steps: [
            { name: 'symbols', run: `${OWN_LINES} | sha256sum` },
            { name: 'count', run: `${OWN_LINES} | wc -l` },
            {
              name: 'load',
              run: 'insmod /carrier.ko && sha256sum /sys/kernel/btf/btf_vmlinux_ksyms',
            },
          ],
        });
        const symbols = kallsymsOf(image);
        expect(booted.step('count').output.trim()).toBe(String(symbols.names.length));
        expect(booted.step('symbols').output.split(' ')[0]).toBe(sha256Of(linesOf(symbols)));
        const { status, output, kernelLog } = booted.step('load');
        const ksyms = sha256Of(artifact('vmlinux.ksyms.btf'));
        expect([output.split(' ')[0], status]).toEqual([ksyms, 0]);
        expect(kernelLog).not.toMatch(/\bBTF\b|[Ii]nvalid|failed to|BUG|Oops|Call Trace/);
      });
    },
  );
}

for (const name of inFull([], ['K61arm64'])) {
  describeInLab(name, 'a kernel without CONFIG_KALLSYMS_ALL', (kernel) => {
    it('has the functions that were read of it, and gets no ksyms', async () => {
      const image = await imageOf(kernel);
      const parts = partsOf(kernel, image);
      expect(parts).not.toHaveProperty('ksyms');
      expect(parts.carrier.noKsyms).toBe('no-kallsyms-all');
      const booted = await boot(kernel, {
        commandLine: 'nokaslr',
        files: [
          { path: 'carrier.ko', bytes: (await packCarriers(parts)).artifact('btf_vmlinux.ko') },
        ],
        steps: [
          { name: 'load', run: 'insmod /carrier.ko && rmmod btf_vmlinux' },
          { name: 'symbols', run: `${OWN_LINES} | sha256sum` },
          { name: 'variable', run: "grep -c ' init_task$' /proc/kallsyms" },
        ],
      });
      const symbols = kallsymsOf(image);
      expect(booted.step('symbols').output.split(' ')[0]).toBe(sha256Of(linesOf(symbols)));
      expect(booted.step('variable').output).toBe('0\n');
      // Its carrier is for tools that read files; the kernel loads it all the same.
      expect(booted.step('load')).toMatchObject({ status: 0, output: '' });
    });
  });
}

function partsOf(kernel: Kernel, image: Source) {
  const [first] = unpackModules(kernel, join(folder, kernel.name), 1_000_000);
  using module = openFileSource(first);
  using full = openFileSource(kernel.fullBtf);
  return splitKernel({ kernel: image, module, full }, { extras: ['vars'] });
}

/** As in /proc/kallsyms. */
function linesOf({ names, types, addresses }: Kallsyms): Uint8Array {
  const lines = names.map((name, index) => {
    const address = addresses[index].toString(16).padStart(16, '0');
    return `${address} ${String.fromCharCode(types[index])} ${name}\n`;
  });
  return Buffer.from(lines.join(''), 'latin1');
}
