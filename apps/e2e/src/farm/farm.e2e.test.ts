import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DepotClient } from '@btf-depot/client';
import type { KernelRecord } from '@btf-depot/contracts';
import { buildIdOf, loadableKernel } from '@btf-depot/testing';
import { btfdepotScript, farmFile, writeFiles } from '@btf-depot/testing/farm';
import { testFolder } from '@btf-depot/testing/folders';
import { bzImageFile } from '@btf-depot/testing/packages';
import { startDepot, type StartedDepot } from '@btf-depot/testing/processes';
import { runIn, testWith } from '@btf-depot/testing/programs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const folder = testFolder();
let depot: StartedDepot;
let environment: Record<string, string>;
let client: DepotClient;

beforeAll(async () => {
  depot = await startDepot(join(folder, 'data'));
  const { url } = depot;
  client = new DepotClient(url);
  writeFiles(folder, { 'bin/btfdepot': btfdepotScript });
  environment = { BTFDEPOT_URL: url, PATH: `${folder}/bin:${process.env.PATH ?? ''}` };
});

afterAll(() => depot.stop());

/** Nothing listens there. */
const dead = { BTFDEPOT_URL: 'http://127.0.0.1:2' };

function kernelOf(seed: string) {
  const { vmlinux } = loadableKernel(buildIdOf(seed));
  return { vmlinux, vmlinuz: bzImageFile(vmlinux) };
}

async function recordOf(seed: string): Promise<KernelRecord | undefined> {
  return client.record(buildIdOf(seed));
}

describe.concurrent('a Debian package of a kernel', () => {
  const files = {
    'debian/control': `Source: linux-tiny
Maintainer: Nobody <nobody@example.org>
Build-Depends: debhelper-compat (= 13)
Rules-Requires-Root: no

Package: linux-image-tiny
Architecture: all
Description: a kernel
`,
    'debian/changelog': `linux-tiny (6.12-1) unstable; urgency=low

  * A kernel.

 -- Nobody <nobody@example.org>  Mon, 02 Nov 2026 10:00:00 +0000
`,
    'debian/rules': `#!/usr/bin/make -f
include ${farmFile('debian/btfdepot.mk')}
tree := debian/linux-image-tiny
%:
	dh $@
override_dh_auto_install:
	install -D -m 0644 vmlinuz $(tree)/boot/vmlinuz-6.12.117-test
	$(call btfdepot_push,vmlinux)
	$(call btfdepot_carrier,vmlinux,$(tree)/lib/modules/6.12.117-test/extra/btf_vmlinux.ko.xz)
`,
  };

  testWith(
    ['dpkg-buildpackage', 'dh'],
    'sends what it builds and brings a carrier, and the package brings nothing new',
    async () => {
      writeFiles(join(folder, 'debian-build'), { ...files, ...kernelOf('debian') });
      const build = ['dpkg-buildpackage', '-b', '-us', '-uc', '-d'];
      const output = await runIn(join(folder, 'debian-build'), build, environment);
      expect(output).toMatch(/vmlinux: .* B sent/);
      expect(await recordOf('debian')).toMatchObject({ state: 'ready', distro: 'debian' });
      const [deb = ''] = globSync(join(folder, '*.deb'));
      expect(await runIn(folder, ['dpkg-deb', '-c', deb])).toContain('extra/btf_vmlinux.ko.xz');
      await runIn(folder, ['btfdepot', 'push', deb], environment);
      expect((await recordOf('debian'))?.revision).toBe(1);
    },
  );

  testWith(['dpkg-buildpackage', 'dh'], 'is built all the same without a depot', async () => {
    writeFiles(join(folder, 'alone/build'), { ...files, ...kernelOf('alone') });
    const build = ['dpkg-buildpackage', '-b', '-us', '-uc', '-d'];
    const nowhere = { ...environment, BTFDEPOT_URL: '' };
    const output = await runIn(join(folder, 'alone/build'), build, nowhere);
    expect(output).toContain('BTFDEPOT_URL is not set: no BTF is sent');
    expect(globSync(join(folder, 'alone/*.deb'))).toHaveLength(1);
    expect(await recordOf('alone')).toBeUndefined();
  });

  testWith(
    ['dpkg-buildpackage', 'dh'],
    'goes on with a warning where the depot does not answer, or fails where that is asked for',
    async () => {
      const build = ['dpkg-buildpackage', '-b', '-us', '-uc', '-d'];
      const place = join(folder, 'dead/build');
      writeFiles(place, { ...files, ...kernelOf('dead') });
      const output = await runIn(place, build, { ...environment, ...dead });
      expect(output).toMatch(/cannot be reached[^]*warn: the BTF of vmlinux was not sent/);
      expect(globSync(join(folder, 'dead/*.deb'))).toHaveLength(1);
      // A command that fails at once, so that nobody waits for its retries.
      const strict = { ...environment, ...dead, BTFDEPOT: 'false', BTFDEPOT_UNSENT: 'fail' };
      await expect(runIn(place, build, strict)).rejects.toThrow(
        'fail: the BTF of vmlinux was not sent',
      );
    },
  );
});

describe.concurrent('an RPM package of a kernel', () => {
  const spec = `Name: kernel-tiny
Version: 6.12.117
Release: 1
Summary: a kernel
License: GPL-2.0-only
%define debug_package %{nil}
%description
A kernel.
%install
install -D -m 0644 %{_sourcedir}/vmlinuz %{buildroot}/lib/modules/6.12.117-test/vmlinuz
%btfdepot_push %{_sourcedir}/vmlinux
%btfdepot_carrier %{_sourcedir}/vmlinux %{buildroot}/lib/modules/6.12.117-test/extra/btf_vmlinux.ko.xz
%files
/lib/modules
`;

  testWith(
    ['rpmbuild'],
    'sends what it builds and brings a carrier, and the package brings nothing new',
    async () => {
      const top = join(folder, 'rpm');
      const { vmlinux, vmlinuz } = kernelOf('rpm');
      writeFiles(top, {
        'SOURCES/vmlinux': vmlinux,
        'SOURCES/vmlinuz': vmlinuz,
        'kernel.spec': spec,
      });
      const build = [
        'rpmbuild',
        '-bb',
        '--define',
        `_topdir ${top}`,
        '--load',
        farmFile('rpm/macros.btfdepot'),
        'kernel.spec',
      ];
      expect(await runIn(top, build, environment)).toMatch(/vmlinux: .* B sent/);
      expect(await recordOf('rpm')).toMatchObject({ state: 'ready', parts: {} });
      const [rpm = ''] = globSync(join(top, 'RPMS/*/*.rpm'));
      expect(await runIn(top, ['rpm', '-qlp', rpm])).toContain('/extra/btf_vmlinux.ko.xz');
      await runIn(top, ['btfdepot', 'push', rpm], environment);
      const record = await recordOf('rpm');
      expect(record?.revision).toBe(1);
      expect(record?.sources.at(-1)?.package).toBe('kernel-tiny 6.12.117-1');
    },
  );

  testWith(
    ['rpmbuild'],
    'goes on with a warning where the depot does not answer, or fails where that is asked for',
    async () => {
      const top = join(folder, 'rpm-dead');
      const { vmlinux, vmlinuz } = kernelOf('dead');
      const sources = { 'SOURCES/vmlinux': vmlinux, 'SOURCES/vmlinuz': vmlinuz };
      writeFiles(top, { ...sources, 'kernel.spec': spec });
      const build = [
        'rpmbuild',
        '-bb',
        '--define',
        `_topdir ${top}`,
        '--load',
        farmFile('rpm/macros.btfdepot'),
        'kernel.spec',
      ];
      // Everything but `push`, which fails at once.
      const pushless = '#!/bin/sh\n[ "$1" = push ] && exit 1\nexec btfdepot "$@"\n';
      writeFiles(top, { pushless });
      build.push('--define', `__btfdepot ${join(top, 'pushless')}`);
      const output = await runIn(top, build, { ...environment, ...dead });
      expect(output).toMatch(/warn: the BTF of .*vmlinux was not sent/);
      expect(globSync(join(top, 'RPMS/*/*.rpm'))).toHaveLength(1);
      const strict = { ...environment, ...dead, BTFDEPOT_UNSENT: 'fail' };
      await expect(runIn(top, build, strict)).rejects.toThrow(/fail: the BTF of .* was not sent/);
    },
  );
});

describe.concurrent('a step of any CI', () => {
  test('sends what a folder has, and fails where the depot refuses', async () => {
    writeFiles(join(folder, 'ci'), { 'out/vmlinuz-6.12': kernelOf('ci').vmlinuz });
    const step = ['sh', farmFile('ci/push-kernels')];
    await runIn(join(folder, 'ci'), [...step, '--distro', 'ours', 'out'], environment);
    expect(await recordOf('ci')).toMatchObject({ state: 'ready', distro: 'ours' });
    writeFiles(join(folder, 'ci'), { 'bad/vmlinux': 'no kernel' });
    await expect(runIn(join(folder, 'ci'), [...step, 'bad/vmlinux'], environment)).rejects.toThrow(
      'unsupported-media',
    );
    const nowhere = { ...environment, BTFDEPOT_URL: '' };
    await expect(runIn(join(folder, 'ci'), [...step, 'out'], nowhere)).rejects.toThrow(
      'names no depot',
    );
  });
});

/** Of the device client. */
const clientFiles = { 'btfdepot-fetch': '#!/bin/sh\n', 'btfdepot-place': '' };

describe.concurrent("Yocto's classes", () => {
  /** The body of a shell function of a class, as bitbake would write it: variables expanded. */
  async function taskOf(path: string, name: string, variables: Record<string, string>) {
    const text = await readFile(farmFile(path), 'utf8');
    const body = new RegExp(`^${name}\\(\\) \\{\\n([^]*?)^\\}`, 'm').exec(text)?.[1] ?? '';
    const expanded = body.replace(/\$\{(\w+)\}/g, (_, key: string) => {
      const value = { BTFDEPOT_TOKEN: '', BTFDEPOT_UNSENT: '', ...variables }[key];
      // If empty, it would turn a path of the image into one of this machine.
      if (value === undefined) throw new Error(`${path}: ${key} has no value`);
      return value;
    });
    return `set -e\nbbnote() { echo "$@"; }\nbbwarn() { echo "$@" >&2; }\nbbfatal() { bbwarn "$@"; exit 1; }\nwork() {\n${expanded}}\nwork\n`;
  }

  test('the task of the kernel sends vmlinux', async () => {
    writeFiles(join(folder, 'yocto/build'), { vmlinux: kernelOf('yocto').vmlinux });
    const variables = {
      BTFDEPOT: 'btfdepot',
      BTFDEPOT_URL: environment.BTFDEPOT_URL ?? '',
      DISTRO: 'poky',
      B: join(folder, 'yocto/build'),
      PN: 'linux-yocto',
    };
    const task = await taskOf('yocto/btfdepot-kernel.bbclass', 'do_btfdepot_push', variables);
    await runIn(folder, ['sh', '-c', task], environment);
    expect(await recordOf('yocto')).toMatchObject({ distro: 'poky', state: 'ready' });
    const nowhere = { ...variables, BTFDEPOT_URL: '' };
    const none = await taskOf('yocto/btfdepot-kernel.bbclass', 'do_btfdepot_push', nowhere);
    expect(await runIn(folder, ['sh', '-c', none], environment)).toContain('no BTF is sent');
    const failing = { ...variables, ...dead, BTFDEPOT: 'false' };
    const warned = await taskOf('yocto/btfdepot-kernel.bbclass', 'do_btfdepot_push', failing);
    expect(await runIn(folder, ['sh', '-c', warned])).toContain('linux-yocto was not sent');
    const strict = { ...failing, BTFDEPOT_UNSENT: 'fail' };
    const ended = await taskOf('yocto/btfdepot-kernel.bbclass', 'do_btfdepot_push', strict);
    await expect(runIn(folder, ['sh', '-c', ended])).rejects.toThrow('ended with 1: the BTF of');
  });

  test('the image has the client and its settings', async () => {
    writeFiles(join(folder, 'client'), clientFiles);
    const rootfs = join(folder, 'rootfs');
    const task = await taskOf('yocto/btfdepot-image.bbclass', 'btfdepot_install_client', {
      BTFDEPOT_CLIENT: join(folder, 'client'),
      BTFDEPOT_URL: 'http://depot.example',
      IMAGE_ROOTFS: rootfs,
      sbindir: '/usr/sbin',
      sysconfdir: '/etc',
    });
    await runIn(folder, ['sh', '-c', task]);
    const settings = await readFile(join(rootfs, 'etc/btf-depot/fetch.conf'), 'utf8');
    expect(settings).toBe('BTFDEPOT_URL=http://depot.example\n');
    expect(globSync(join(rootfs, 'usr/sbin/btfdepot-fetch'))).toHaveLength(1);
  });
});

describe.concurrent("OpenWrt's package", () => {
  /** The parts of OpenWrt's build that the package uses, reduced to their definitions. */
  const buildSystem = {
    'rules.mk': `INCLUDE_DIR:=$(TOPDIR)/include
INSTALL_DIR:=install -d -m0755
INSTALL_BIN:=install -m0755
INSTALL_DATA:=install -m0644
TARGET_CROSS:=
`,
    'include/kernel.mk': 'LINUX_DIR:=$(TOPDIR)/linux\n',
    'include/package.mk': `define BuildPackage
compile:
	$(Build/Compile)
install:
	$(call Package/$(1)/install,$(TOPDIR)/root)
endef
`,
  };

  testWith(['make', 'readelf'], 'sends the kernel, and the image has its build ID', async () => {
    const top = join(folder, 'openwrt');
    writeFiles(top, { ...buildSystem, 'linux/vmlinux': kernelOf('openwrt').vmlinux });
    writeFiles(join(folder, 'client'), clientFiles);
    const make = ['make', '-f', farmFile('openwrt/btf-depot/Makefile'), `TOPDIR=${top}`];
    const client = `BTFDEPOT_CLIENT=${join(folder, 'client')}`;
    await runIn(top, [...make, client, 'compile', 'install'], environment);
    expect(await recordOf('openwrt')).toMatchObject({ distro: 'openwrt', state: 'ready' });
    const buildId = await readFile(join(top, 'root/etc/btf-depot/build-id'), 'utf8');
    expect(buildId).toBe(`${buildIdOf('openwrt')}\n`);
    const failing = [...make, 'BTFDEPOT=false', 'compile'];
    expect(await runIn(top, failing, environment)).toContain('vmlinux was not sent');
    const strict = [...failing, 'BTFDEPOT_UNSENT=fail'];
    await expect(runIn(top, strict, environment)).rejects.toThrow('vmlinux was not sent');
  });
});

testWith(['shellcheck'], 'shellcheck has nothing to say of the scripts', async () => {
  await runIn(folder, ['shellcheck', farmFile('ci/push-kernels'), farmFile('build/pahole')]);
  for (const path of ['yocto/btfdepot-kernel.bbclass', 'yocto/btfdepot-image.bbclass']) {
    const text = await readFile(farmFile(path), 'utf8');
    // A class is no shell script, but its functions are. Variables are bitbake's.
    const functions = text.match(/^\w+\(\) \{\n[^]*?^\}/gm) ?? [];
    writeFiles(folder, { 'class.sh': `#!/bin/sh\n${functions.join('\n')}\n` });
    await runIn(folder, [
      'shellcheck',
      '-e',
      'SC2154,SC2317,SC2034,SC2153',
      join(folder, 'class.sh'),
    ]);
  }
});
