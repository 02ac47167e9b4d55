import { readFileSync } from 'node:fs';
import { mergeBtf, parseBtf } from '@btf-depot/btf';
import type { Kernel } from '@btf-depot/kernels';
import { beforeAll, expect, it } from 'vitest';
import { buildCarriers } from './built-carriers.ts';
import { compileBpf, compileGo, compileWithLibbpf } from './compile.ts';
import { guestProgram } from './guest-program.ts';
import { boot, type ArchiveFile, type Booted } from './index.ts';
import { describeInLab } from './testing.ts';

/** A variable of read-only data and its value: NGROUPS_MAX, as an int in little-endian. */
const VARIABLE = 'ngroups_max';
const VALUE = { number: 65_536, bytes: '00000100' };

/** How far the kernel was moved when it started, for a shell; root only, whatever kptr_restrict. */
const OFFSET = `0x$(head -c 65536 /proc/kcore | sed -n 's/^KERNELOFFSET=//p')`;

describeInLab('K612', 'tracers', (kernel) => {
  let booted: Booted;
  beforeAll(async () => {
    booted = await bootWithTracers(kernel);
  });

  it('cilium/ebpf reads core, variables as split BTF, and both in one', () => {
    const { status, output } = booted.step('specs');
    expect([status, output]).toEqual([0, expect.stringMatching(/^(init_task: Struct.*\n){2}$/)]);
  });

  it('cilium/ebpf and libbpf run CO-RE programs while a carrier is loaded', () => {
    for (const step of ['cilium-core', 'libbpf-core']) {
      const { status, output } = booted.step(step);
      expect([status, output]).toEqual([0, expect.stringMatching(/(\d+), own \1\n$/)]);
    }
  });

  it('libbpf takes the merged BTF by btf_custom_path, where the kernel shows none', () => {
    const { status, output } = booted.step('libbpf-custom');
    expect([status, output]).toEqual([0, expect.stringMatching(/(\d+), own \1\n$/)]);
    expect(booted.step('libbpf-none').output).toMatch(/failed to find valid kernel BTF/);
    expect(booted.step('libbpf-none').status).not.toBe(0);
  });

  it('bpftrace takes types from the merged BTF that BPFTRACE_BTF names', () => {
    const { status, output } = booted.step('bpftrace');
    expect([status, output]).toEqual([0, expect.stringMatching(/\w ran\n/)]);
  });

  it('kallsyms hides addresses under kptr_restrict=2, and the kernel was moved', () => {
    expect(booted.step('hidden').output).toMatch(/^0+ \w ngroups_max\n(?!0x0\n)0x[0-9a-f]+\n$/);
  });

  it('cilium/ebpf reads a variable by its address, with nothing loaded', () => {
    const { status, output } = booted.step('cilium-read');
    expect([status, output]).toEqual([0, `status 0, bytes ${VALUE.bytes}\n`]);
  });

  it('bpftrace reads a variable by its address, with nothing loaded', () => {
    const { status, output } = booted.step('bpftrace-read');
    expect([status, output]).toEqual([0, expect.stringContaining(`value ${VALUE.number}\n`)]);
  });
});

async function bootWithTracers(kernel: Kernel): Promise<Booted> {
  const { parts, artifact } = buildCarriers(kernel);
  const vars = artifact('vmlinux.vars.btf');
  const full = mergeBtf(parseBtf(vars, { base: parseBtf(parts.core.bytes) }));
  const file = (path: string, bytes: Uint8Array, executable = false): ArchiveFile => {
    return { path, bytes, executable };
  };
  const address = `$(printf 0x%x $((0x${linkedAddress(kernel, VARIABLE)} + ${OFFSET})))`;
  /** On a system whose kernel shows no BTF. */
  const blind = (command: string): string =>
    `mount -t tmpfs none /sys/kernel/btf; ${command}; code=$?; umount /sys/kernel/btf; exit $code`;
  const comm =
    'interval:ms:50 { printf("%s ran\\n", ((struct task_struct *)curtask)->comm); exit() }';
  const value = `interval:ms:50 { printf(\\"value %d\\\\n\\", *(int32 *)$address); exit() }`;
  return await boot(kernel, {
    memoryMib: 2048,
    seconds: 500,
    files: [
      file('core.btf', parts.core.bytes),
      file('vars.btf', vars),
      file('full.btf', full),
      file('carrier.ko', artifact('btf_vmlinux_ksyms.ko')),
      file('pid.o', await compileBpf('core-process.bpf.c')),
      file('bin/tracer', await compileGo('tracer'), true),
      file('bin/load-custom', await compileWithLibbpf('load-custom.c'), true),
      ...(await guestProgram('bpftrace', 'usr/bin/bpftrace')),
    ],
    steps: [
      {
        name: 'hidden',
        run: `echo 2 > /proc/sys/kernel/kptr_restrict
grep ' ${VARIABLE}$' /proc/kallsyms; echo ${OFFSET}`,
      },
      { name: 'cilium-read', run: `tracer read ${address} 4` },
      { name: 'bpftrace-read', run: `address=${address}; bpftrace -e "${value}"` },
      { name: 'specs', run: 'tracer specs /core.btf /vars.btf /full.btf init_task' },
      { name: 'libbpf-none', run: blind("load-custom /pid.o ''") },
      { name: 'libbpf-custom', run: blind('load-custom /pid.o /full.btf') },
      { name: 'bpftrace', run: `BPFTRACE_BTF=/full.btf bpftrace -e '${comm}'` },
      { name: 'load', run: 'insmod /carrier.ko' },
      { name: 'cilium-core', run: 'tracer core /pid.o' },
      { name: 'libbpf-core', run: `load-custom /pid.o ''` },
    ],
  });
}

/** As a symbol's address stands in System.map, in hexadecimal. */
function linkedAddress({ systemMap }: Kernel, name: string): string {
  const found = new RegExp(`^([0-9a-f]+) [a-zA-Z] ${name}$`, 'm').exec(
    readFileSync(systemMap, 'utf8'),
  );
  if (!found) throw new Error(`${systemMap}: no ${name}`);
  return found[1] ?? '';
}
