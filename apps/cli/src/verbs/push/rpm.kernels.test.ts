import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DepotClient } from '@btf-depot/client';
import { describeWithKernels } from '@btf-depot/kernels/testing';
import { unpackFile } from '@btf-depot/compute';
import { btfdepotScript, writeFiles } from '@btf-depot/testing/farm';
import { testFolder } from '@btf-depot/testing/folders';
import { startDepot } from '@btf-depot/testing/processes';
import { runIn, testWith } from '@btf-depot/testing/programs';
import { beforeAll, expect } from 'vitest';
import type { Pushed } from './push-file.ts';

const payloads = { gzip: 'w6.gzdio', xz: 'w1.xzdio', zstd: 'w3.zstdio' } as const;

describeWithKernels(['K612'], "Fedora's packages of a real kernel, by rpmbuild", ({ K612 }) => {
  const top = testFolder();
  const { release } = K612;

  // As in Fedora: vmlinuz and System.map beside the modules, which are compressed, and vmlinux with
  // debug information below usr/lib/debug.
  const spec = `Name: kernel
Version: 6.12.117
Release: 1.fc41
Summary: a kernel
License: GPL-2.0-only
%define debug_package %{nil}
%define _build_id_links none
%define __os_install_post %{nil}
%define tree %{buildroot}/lib/modules/${release}
%description
A kernel.
%package core
Summary: its image and modules
%description core
Image and modules.
%if 0%{?with_debug}
%package debuginfo
Summary: its debug information
%description debuginfo
Debug information.
%endif
%install
mkdir -p %{tree}/kernel/fs %{buildroot}/boot
cp ${K612.vmlinuz} %{tree}/vmlinuz
cp ${K612.systemMap} %{tree}/System.map
ln -s /lib/modules/${release}/vmlinuz %{buildroot}/boot/vmlinuz-${release}
cp $(find ${K612.modules} -name 'ext4.ko.xz' -o -name 'nfs.ko.xz') %{tree}/kernel/fs
%if 0%{?with_debug}
mkdir -p %{buildroot}/usr/lib/debug/lib/modules/${release}
cp ${K612.vmlinux} %{buildroot}/usr/lib/debug/lib/modules/${release}/vmlinux
%endif
%files core
/boot
/lib/modules
%if 0%{?with_debug}
%files debuginfo
/usr/lib/debug
%endif
`;

  beforeAll(() => writeFiles(top, { 'kernel.spec': spec, 'bin/btfdepot': btfdepotScript }));

  /** Paths of the packages, with payloads compressed as in rpm's `_binary_payload`. */
  async function build(payload: keyof typeof payloads, withDebug: boolean) {
    const output = join(top, payload);
    const defines = {
      _topdir: output,
      _binary_payload: payloads[payload],
      with_debug: withDebug ? '1' : '0',
    };
    const flags = Object.entries(defines).flatMap(([name, as]) => ['--define', `${name} ${as}`]);
    await runIn(top, ['rpmbuild', '-bb', ...flags, 'kernel.spec']);
    const find = (name: string) => globSync(join(output, `RPMS/*/kernel-${name}-*.rpm`))[0] ?? '';
    return { core: find('core'), debuginfo: find('debuginfo') };
  }

  testWith(['rpmbuild'], 'have image, module and name, with every compression', async () => {
    for (const payload of ['gzip', 'xz'] as const) {
      const { core } = await build(payload, false);
      const into = join(top, `${payload}-unpacked`);
      writeFiles(into, { none: '' });
      expect(await unpackFile('kernel', core, into)).toMatchObject({
        kernel: { kind: 'elf', hasBtf: true },
        module: expect.stringContaining(into) as string,
        package: 'kernel-core 6.12.117-1.fc41',
      });
    }
  });

  testWith(['rpmbuild'], 'meet in one record: core first, then variables', async () => {
    const { core, debuginfo } = await build('zstd', true);
    const depot = await startDepot(join(top, 'data'));
    try {
      const { url } = depot;
      const command = [join(top, 'bin/btfdepot'), 'push', '--json', '--url', url];
      const push = async (file: string) => {
        const output = await runIn(top, [...command, '--distro', 'fedora', file]);
        return (JSON.parse(output) as Pushed[])[0]?.status.buildId ?? '';
      };
      const first = await new DepotClient(url).record(await push(core));
      expect(first).toMatchObject({ revision: 1, release, carrier: { loadable: true } });
      expect(first?.parts.vars).toBeUndefined();
      const { bytes } = await new DepotClient(url).artifact(first?.buildId ?? '', 'vmlinux.btf');
      expect(Buffer.compare(bytes, await readFile(K612.coreBtf))).toBe(0);
      await push(debuginfo);
      const second = await new DepotClient(url).record(first?.buildId ?? '');
      expect(second).toMatchObject({ revision: 2, state: 'ready', distro: 'fedora' });
      expect(second?.parts.vars?.variables).toBeGreaterThan(31_000);
      expect(second?.parts.ksyms?.variables).toBeGreaterThan(26_000);
      expect(second?.sources.map((source) => source.package)).toEqual([
        'kernel-core 6.12.117-1.fc41',
        'kernel-debuginfo 6.12.117-1.fc41',
      ]);
    } finally {
      await depot.stop();
    }
  });
});
