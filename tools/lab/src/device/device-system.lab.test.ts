import { execFileSync } from 'node:child_process';
import { startSignedDepot, type SignedDepot } from '@btf-depot/device';
import { btfdepot } from '@btf-depot/testing/processes';
import { TemporaryFolder } from '@btf-depot/testing/temporary-folder';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { deviceFiles } from './device-files.ts';
import { boot, type Booted } from '../index.ts';
import { describeInLab } from '../testing.ts';

const SYSFS = '/sys/kernel/btf/btf_vmlinux_ksyms';

/** kmod with its modprobe.d, in a system without modules. */
const LAZY = `mkdir -p /kmod /lib/modules/$(uname -r); ln -s /bin/kmod /kmod/modprobe
/kmod/modprobe btf_vmlinux_ksyms && ls ${SYSFS}`;

/** As in `btfdepot doctor --help`; only the needed lines of kallsyms, to spare the console. */
const COPY_FILES = `cd /
for file in proc/sys/kernel/osrelease proc/sys/kernel/arch proc/modules sys/kernel/notes \\
  sys/kernel/btf/* sys/module/module/parameters/sig_enforce; do
  mkdir -p copy/\${file%/*}; cat $file > copy/$file
done
grep -E ' (_stext|_text|init_task)$' proc/kallsyms > copy/proc/kallsyms
tar -cz -C copy .`;

describeInLab('K612', 'a device with kmod', (kernel) => {
  let depot: SignedDepot;
  let booted: Booted;
  beforeAll(async () => {
    depot = await startSignedDepot(kernel.vmlinux, '--extras', 'vars');
    booted = await boot(kernel, {
      hostPort: Number(new URL(depot.url).port),
      files: await deviceFiles(kernel.architecture),
      steps: [
        { name: 'lazy', run: LAZY },
        { name: 'files', run: COPY_FILES },
      ],
    });
  });
  afterAll(() => depot.close());

  it('loads when somebody asks modprobe for it', () => {
    const { status, output } = booted.step('lazy');
    expect([status, output]).toEqual([0, expect.stringContaining(SYSFS)]);
  });

  it('is known to doctor by copies of its files', async () => {
    using folder = new TemporaryFolder();
    const archive = Buffer.from(booted.step('files').output, 'latin1');
    execFileSync('tar', ['-xz', '-C', folder.path], { input: archive });
    const args = ['doctor', '--url', depot.url, '--root', folder.path, '--json'];
    const { output } = await btfdepot(args, folder.path);
    expect(JSON.parse(output)).toMatchObject({
      system: { release: kernel.release, carriers: ['btf_vmlinux_ksyms'] },
      ways: { ksyms: { outlook: 'now' }, addresses: { outlook: 'possible' } },
      healthy: true,
    });
  });
});
