import { bytesSource } from '@btf-depot/bytes';
import { expect, test } from 'vitest';
import { distributionOfBanner, distributionOfPackage } from './distribution.ts';
import { readBanner } from '../images/raw-image.ts';

test.each([
  ['Debian Kernel Team <debian-kernel@lists.debian.org>', 'debian'],
  ['Ubuntu Kernel Team <kernel-team@lists.ubuntu.com>', 'ubuntu'],
  ['Proxmox Support Team <support@proxmox.com>', 'proxmox'],
  ['Natanael Copa <ncopa@alpinelinux.org>', 'alpine'],
  ['Fedora Project', 'fedora'],
  ['openSUSE openSUSE Tumbleweed', 'opensuse'],
  ['SUSE LLC <https://www.suse.com/> SUSE Linux Enterprise 15', 'sles'],
  ['Red Hat, Inc. <http://bugzilla.redhat.com/bugzilla>', 'rhel'],
  // As `make bindeb-pkg` writes it: the builder, at the name of the machine.
  ['root <root@debian>', undefined],
  ['somebody <me@ubuntu-box.example>', undefined],
])('a package of %s is of %s', (says, id) => {
  expect(distributionOfPackage(says)).toBe(id);
});

const GCC = '(gcc-12 (Debian 12.2.0-14) 12.2.0, GNU ld (GNU Binutils for Debian) 2.40)';

test.each([
  [`(debian-kernel@lists.debian.org) ${GCC} #1 SMP Debian 6.12.117-1 (2026-11-14)`, 'debian'],
  ['(buildd@lcy02-amd64-001) (x86_64-linux-gnu-gcc-13) #45-Ubuntu SMP PREEMPT_DYNAMIC', 'ubuntu'],
  ['(mockbuild@bkernel01.iad2.fedoraproject.org) (gcc) #1 SMP', 'fedora'],
  ['(linux@archlinux) (gcc) #1 SMP', 'arch'],
  // Built by hand on Debian.
  [`(root@debian) ${GCC} #1 SMP Mon Nov 30 10:00:00 UTC 2026`, undefined],
  ['(somebody', undefined],
])('a kernel whose banner goes on %s is of %s', (rest, id) => {
  expect(distributionOfBanner(`Linux version 6.12.0-x ${rest}`)).toBe(id);
});

test('a banner ends with its line, and names release and distribution', () => {
  const text = `..Linux version %s\0Linux version 6.9.0-x (linux@archlinux) (gcc) #1\n\0#1-Ubuntu`;
  expect(readBanner(bytesSource(Buffer.from(text, 'latin1')))).toEqual({
    release: '6.9.0-x',
    distribution: 'arch',
  });
  expect(readBanner(bytesSource(Buffer.from('Linux version (none)')))).toBeUndefined();
});
