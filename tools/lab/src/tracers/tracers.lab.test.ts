import { startSignedDepot } from '@btf-depot/device';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Booted } from '../index.ts';
import { describeInLab } from '../testing.ts';
import { bootWithTracers } from './tracer-guest.ts';

/** A process's default limit, in the static variable `init_signals`. */
const LIMIT = 4096;

describeInLab('K612', 'tracers', (kernel) => {
  let booted: Booted;
  beforeAll(async () => {
    const depot = await startSignedDepot(kernel.vmlinux);
    booted = await bootWithTracers(kernel, depot);
    await depot.close();
  });
  const ran = (step: string): [number, string] => {
    const { status, output } = booted.step(step);
    return [status, output];
  };
  const ownProcess = expect.stringMatching(/(\d+), own \1\n$/) as string;
  const limit = expect.stringMatching(`(returned|read_limit:) ${LIMIT}\\b`) as string;

  it('cilium/ebpf reads core, variables as split BTF, and both in one', () => {
    expect(ran('specs')).toEqual([0, expect.stringMatching(/^(init_task: Struct.*\n){2}$/)]);
  });

  it('cilium/ebpf and libbpf run CO-RE programs while a carrier is loaded', () => {
    expect(ran('cilium-core')).toEqual([0, ownProcess]);
    expect(ran('libbpf-core')).toEqual([0, ownProcess]);
  });

  it('libbpf takes the merged BTF by btf_custom_path, where the kernel shows none', () => {
    expect(ran('libbpf-custom')).toEqual([0, ownProcess]);
    expect(ran('libbpf-none')).toEqual([
      1,
      expect.stringContaining('failed to find valid kernel BTF'),
    ]);
  });

  it('bpftrace takes types from the merged BTF that BPFTRACE_BTF names, and has none without', () => {
    expect(ran('bpftrace')).toEqual([0, expect.stringContaining(`limit ${LIMIT}\n`)]);
    // Then it falls back to the kernel's headers, which are missing too.
    expect(ran('bpftrace-none')).toEqual([1, expect.stringContaining('linux/types.h')]);
  });

  describe('with nothing loaded and kptr_restrict=2', () => {
    it('the kernel was moved, and /proc/kcore alone says how far', () => {
      expect(ran('hidden')).toEqual([0, expect.stringMatching(/^0{16} T _stext\n0xf{8}\w{8}\n$/)]);
      expect(ran('hidden')[1]).not.toContain('ffffffff81000000');
    });

    it.each(['libbpf', 'cilium'])('%s reads a static variable, with two capabilities', (tool) => {
      expect(ran(`${tool}-read`)).toEqual([0, limit]);
      expect(ran(`${tool}-no-bpf`)).toEqual([1, expect.stringContaining('not permitted')]);
      expect(ran(`${tool}-no-perfmon`)).toEqual([1, expect.stringContaining('cannot use helper')]);
    });

    it('libbpf reads it from what /proc/kcore says, too', () => {
      expect(ran('libbpf-kcore')).toEqual([0, limit]);
    });

    it('drgn reads it, a task, and all tasks, with two capabilities', () => {
      const [status, output] = ran('drgn-read');
      expect([status, output]).toEqual([0, expect.stringContaining(`\nlimit ${LIMIT}\n`)]);
      expect(output).toMatch(/^drgn alone knows no types\n/);
      expect(output).toMatch(/\nfirst swapper\/0\nown \[b'\S+'\]\n$/);
      expect(ran('drgn-no-rawio')).toEqual([1, expect.stringMatching(/not permitted/)]);
      expect(ran('drgn-no-read')).toEqual([1, expect.stringMatching(/denied/)]);
    });

    it('bpftrace wants to be root, and needs two capabilities', () => {
      expect(ran('bpftrace-user')).toEqual([1, expect.stringContaining('root user')]);
      expect(ran('bpftrace-no-bpf')).toEqual([1, expect.stringContaining('not permitted')]);
      expect(ran('bpftrace-no-perfmon')[1]).toContain('perf_event_open: Permission denied');
    });

    it("bpftrace needs CAP_SYS_ADMIN under Debian's perf_event_paranoid=3", () => {
      expect(ran('bpftrace-admin')).toEqual([0, expect.stringContaining(`limit ${LIMIT}\n`)]);
      expect(ran('bpftrace-paranoid')[1]).toContain('perf_event_open: Permission denied');
    });
  });

  it('kallsyms shows _stext to CAP_SYSLOG below kptr_restrict=2, and to nobody else', () => {
    const [, output] = ran('kallsyms');
    expect(output).toMatch(/^kcore (\w+)\nsyslog \1\nnone 0{16}\n$/);
  });

  it('a carrier is loaded with CAP_SYS_MODULE', () => {
    expect(ran('load-nothing')).toEqual([1, expect.stringContaining('not permitted')]);
    expect(ran('load')).toEqual([0, '']);
  });

  it('libbpf finds variables by their names with CAP_SYS_ADMIN', () => {
    expect(ran('ksyms')).toEqual([0, expect.stringContaining('returned 0')]);
    expect(ran('ksyms-no-admin')[0]).toBe(1);
  });

  it('reads go on under lockdown=integrity, and end under confidentiality', () => {
    expect(ran('integrity')).toEqual([0, limit]);
    expect(ran('confidentiality')).toEqual([1, expect.stringContaining('cannot use helper')]);
    expect(ran('integrity-drgn')).toEqual([0, expect.stringContaining(`limit ${LIMIT}`)]);
    expect(ran('confidentiality-drgn')).toEqual([1, expect.stringMatching(/not permitted/)]);
  });
});
