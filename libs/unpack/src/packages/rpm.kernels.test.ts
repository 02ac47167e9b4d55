import { buildIdOf } from '@btf-depot/testing';
import { testWith } from '@btf-depot/testing/programs';
import { Workshop } from '@btf-depot/testing/workshop';
import {
  programCommand,
  programFiles,
  provided,
  provideProgram,
} from '@btf-depot/services/provision';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { unpackBytes } from '../testing/in-memory.ts';
import { executableKernel } from '../testing/kernels.ts';

/** The first version that writes packages of version 6. */
const rpm6 = { name: 'rpm6', suite: 'sid', packages: ['rpm', 'rpm-common'] };

const kernel = executableKernel(buildIdOf('rpm'));
let shop: Workshop;

beforeAll(() => {
  shop = new Workshop();
  shop.write({ vmlinux: kernel });
});

afterAll(() => shop[Symbol.dispose]());

const LINK = 'ln %{buildroot}/usr/lib/modules/6.9.0-toy/vmlinux %{buildroot}/zz/object';

/** A kernel, and more to install: by default a hard link, which has the bytes. */
function specOf(name: string, install = LINK): string {
  return `Name: ${name}
Version: 6.9.0
Release: 1
Summary: a kernel
License: GPL-2.0-only
BuildArch: x86_64
AutoReqProv: no
%global __os_install_post %{nil}
%global debug_package %{nil}
%global _build_id_links none
%description
A kernel.
%install
mkdir -p %{buildroot}/usr/lib/modules/6.9.0-toy %{buildroot}/zz
cp ${shop.at('vmlinux')} %{buildroot}/usr/lib/modules/6.9.0-toy/vmlinux
${install}
%files
/usr/lib/modules
/zz
`;
}

async function expectKernel(name: string): Promise<string[]> {
  const bytes = shop.read(`${name}/RPMS/x86_64/${name}-6.9.0-1.x86_64.rpm`);
  const { files, packages, passedOver } = await unpackBytes(bytes);
  expect(files.map(({ bytes: found }) => Buffer.compare(found, kernel))).toEqual([0]);
  expect(packages).toEqual([{ format: 'rpm', name, version: '6.9.0-1', architecture: 'x86_64' }]);
  return passedOver.map(({ code }) => code);
}

testWith(
  ['rpmbuild'],
  'a package with a file of more than 4 GiB, whose headers have no metadata, has its kernel',
  async () => {
    const big = 'truncate -s 4400M %{buildroot}/zz/vmlinux.big';
    shop.write({ 'big.spec': specOf('big', big), 'plain.spec': specOf('plain') });
    for (const name of ['plain', 'big']) {
      const defines = [`_topdir ${shop.at(name)}`, '_binary_payload w1.zstdio'];
      const flags = defines.flatMap((define) => ['--define', define]);
      shop.run('rpmbuild', '--quiet', '-bb', ...flags, `${name}.spec`);
    }
    expect(await expectKernel('plain')).toEqual([]);
    expect(await expectKernel('big')).toEqual(['too-large']);
  },
);

it('a package of version 6, as rpm itself writes it, has its kernel', async ({ skip }) => {
  const found = await provided(() => provideProgram(rpm6));
  if ('absent' in found) skip(found.absent);
  const [configuration = ''] = programFiles(rpm6, 'usr/lib/rpm');
  const run = (program: string, ...args: string[]) =>
    shop.run('env', `RPM_CONFIGDIR=${configuration}`, ...programCommand(rpm6, program), ...args);
  shop.write({ 'six.spec': specOf('six') });
  const defines = [`_topdir ${shop.at('six')}`, '_rpmformat 6'];
  run(
    'usr/bin/rpmbuild',
    '--quiet',
    '-bb',
    ...defines.flatMap((define) => ['--define', define]),
    'six.spec',
  );
  const path = shop.at('six/RPMS/x86_64/six-6.9.0-1.x86_64.rpm');
  const format = run('usr/bin/rpm', '-qp', '--nosignature', '--qf', '%{RPMFORMAT}', path);
  expect(Buffer.from(format).toString()).toBe('6');
  await expectKernel('six');
});
