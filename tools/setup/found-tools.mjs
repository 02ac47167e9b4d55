// Prints what the unit tests would find on this machine: Node's version, and which of the programs
// for comparisons. Nx uses it as an input of the target `test`, so that results of a machine
// without, for instance, minisign do not count for one with it.
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const PROGRAMS = [
  'busybox',
  'clang',
  'cpio',
  'curl',
  'dash',
  'dpkg-deb',
  'gcc',
  'lz4',
  'minisign',
  'mkimage',
  'modinfo',
  'objcopy',
  'openssl',
  'rpmbuild',
  'shellcheck',
  'signify',
  'signify-openbsd',
  'systemd-analyze',
  'tar',
  'unshare',
  'usign',
  'wget',
  'xz',
  'zstd',
];

const folders = (process.env.PATH ?? '').split(delimiter);
const found = PROGRAMS.filter((name) => folders.some((folder) => existsSync(join(folder, name))));
process.stdout.write(
  `${process.version} ${process.getuid?.() === 0 ? 'root' : 'user'} ${found.join(' ')}\n`,
);
