import { startSignedDepot } from '@btf-depot/device';
import { beforeAll, expect, it } from 'vitest';
import { compileBpf } from '../programs/compile.ts';
import { deviceFiles } from './device-files.ts';
import { guestProgram } from '../programs/guest-program.ts';
import { boot, type Booted } from '../index.ts';
import { describeInLab } from '../testing.ts';

const LOAD = 'bpftool prog load /pid.o /sys/fs/bpf/pid type tc';

describeInLab('K61armhf', 'a kernel that was built without BTF', (kernel) => {
  let booted: Booted;
  beforeAll(async () => {
    const depot = await startSignedDepot(kernel.vmlinux, '--full', kernel.fullBtf);
    booted = await boot(kernel, {
      hostPort: Number(new URL(depot.url).port),
      files: [
        ...(await deviceFiles(kernel.architecture)),
        ...(await guestProgram('bpftool', 'usr/sbin/bpftool', kernel)),
        { path: 'pid.o', bytes: await compileBpf('core-process.bpf.c') },
      ],
      steps: [
        { name: 'before', run: `ls /sys/kernel/btf; ${LOAD}` },
        { name: 'load', run: 'btfdepot-fetch load' },
        { name: 'place', run: 'btfdepot-fetch place --ram; ls -lL /lib/modules/*/vmlinux-*' },
        { name: 'after', run: LOAD },
        {
          name: 'run',
          run: `head -c 64 /dev/zero > /packet
bpftool prog run pinned /sys/fs/bpf/pid data_in /packet & echo "own $!"; wait`,
        },
      ],
    });
    await depot.close();
  });

  it('has none, and a CO-RE program does not load', () => {
    const { status, output } = booted.step('before');
    expect(status).not.toBe(0);
    expect(output).toMatch(/failed to find valid kernel BTF/);
  });

  it('cannot be given variables', () => {
    expect(booted.step('load')).toMatchObject({ status: 7 });
  });

  it('gets core in memory, where libbpf searches', () => {
    const { status, output } = booted.step('place');
    expect([status, output]).toEqual([0, expect.stringContaining('placed /lib/modules/')]);
  });

  it('and the program loads and reads the right field', () => {
    expect(booted.step('after')).toMatchObject({ status: 0 });
    const { output } = booted.step('run');
    const own = /own (\d+)/.exec(output)?.[1];
    expect(output).toContain(`Return value: ${own}`);
  });
});
