import type { Kernel } from '@btf-depot/kernels';
import { beforeAll, expect, it } from 'vitest';
import { buildCarriers } from './built-carriers.ts';
import { compileBpf } from '../programs/compile.ts';
import { guestProgram } from '../programs/guest-program.ts';
import { boot, type Booted } from '../index.ts';
import { describeInLab, inFull } from '../testing.ts';

/** Variables that the carrier leaves out: freed memory, a name shared by two functions. */
const LEFT_OUT = ['lsm_enabled_true', 'verbose'];

for (const name of inFull(['K612', 'K72'], [])) {
  describeInLab(name, 'a program of libbpf that names variables', (kernel) => {
    let booted: Booted;
    beforeAll(async () => {
      booted = await bootWithPrograms(kernel);
    });

    it('is refused before the carrier is loaded', () => {
      const { status, output } = booted.step('before');
      expect(status).not.toBe(0);
      expect(output).toMatch(/extern \(var ksym\) '\w+': not found in kernel BTF/);
    });

    it('loads after, and reads a struct, an array, an int and a static variable', () => {
      expect(booted.step('insmod')).toMatchObject({ status: 0, output: '' });
      expect(booted.step('after')).toMatchObject({ status: 0 });
      const values = valuesOf(booted.step('values').output);
      expect(values.readInt32LE(0)).toBe(0);
      // Of the command line: panic=-1.
      expect(values.readInt32LE(4)).toBe(-1);
      // NGROUPS_MAX.
      expect(values.readInt32LE(8)).toBe(65_536);
      expect(values.toString('latin1', 12, 28)).toMatch(/^swapper\/0\0/);
      // For the niceness -20, and for 0, which is NICE_0_LOAD.
      expect(values.readInt32LE(28)).toBe(88_761);
      expect(values.readInt32LE(28 + 20 * 4)).toBe(1024);
    });

    it.each(LEFT_OUT)('is refused by name for what would hurt: %s', (variable) => {
      const { status, output } = booted.step(`left-out-${variable}`);
      expect(status).not.toBe(0);
      expect(output).toContain(`extern (var ksym) '${variable}': not found in kernel BTF`);
    });

    it('leaves the kernel without a complaint', () => {
      for (const step of ['after', 'run', 'values']) {
        expect(booted.step(step).kernelLog).not.toMatch(/BUG|Oops|Call Trace/);
      }
    });
  });
}

async function bootWithPrograms(kernel: Kernel): Promise<Booted> {
  const { artifact } = await buildCarriers(kernel);
  const missing = await Promise.all(
    LEFT_OUT.map(async (variable) => ({
      path: `${variable}.o`,
      bytes: await compileBpf('ksym-missing.bpf.c', { VARIABLE: variable }),
    })),
  );
  const load = (object: string): string =>
    `bpftool prog load /${object}.o /sys/fs/bpf/${object} type tc`;
  return await boot(kernel, {
    commandLine: 'pti=on',
    files: [
      { path: 'carrier.ko', bytes: artifact('btf_vmlinux_ksyms.ko') },
      { path: 'values.o', bytes: await compileBpf('ksym-values.bpf.c') },
      ...missing,
      ...(await guestProgram('bpftool', 'usr/sbin/bpftool')),
    ],
    steps: [
      { name: 'before', run: load('values') },
      { name: 'insmod', run: 'insmod /carrier.ko' },
      { name: 'after', run: load('values') },
      {
        name: 'run',
        run: 'head -c 64 /dev/zero > /packet && bpftool prog run pinned /sys/fs/bpf/values data_in /packet',
      },
      {
        name: 'values',
        run: `id=$(bpftool map list | sed -n 's/^\\([0-9]*\\): .* name values.bss .*/\\1/p')
bpftool -j map dump id $id`,
      },
      ...LEFT_OUT.map((variable) => ({ name: `left-out-${variable}`, run: load(variable) })),
    ],
  });
}

/** The bytes of the one entry that `bpftool -j map dump` shows. */
function valuesOf(json: string): Buffer {
  const [entry] = JSON.parse(json) as { value: string[] }[];
  return Buffer.from((entry?.value ?? []).map(Number));
}
