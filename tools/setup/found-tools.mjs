// Prints what the unit tests would find on this machine: Node's version, and which of the programs
// of others that they compare with. Nx takes it for an input of the target `test`, so that results
// from a machine without, say, minisign are no results for one with it.
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const PROGRAMS = [
  ...['busybox', 'clang', 'cpio', 'curl', 'dash', 'dpkg-deb', 'gcc', 'lz4', 'minisign', 'mkimage'],
  ...['modinfo', 'objcopy', 'openssl', 'rpmbuild', 'shellcheck', 'signify', 'signify-openbsd'],
  ...['systemd-analyze', 'tar', 'unshare', 'usign', 'wget', 'xz', 'zstd'],
];

const folders = (process.env.PATH ?? '').split(delimiter);
const found = PROGRAMS.filter((name) => folders.some((folder) => existsSync(join(folder, name))));
process.stdout.write(
  `${process.version} ${process.getuid?.() === 0 ? 'root' : 'user'} ${found.join(' ')}\n`,
);
