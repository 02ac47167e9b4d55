import type { StreamFormat } from '../format.ts';
import { readPkgInfoTar } from '../packages/pkginfo-tar.ts';
import { firstName } from '../archives/tar.ts';

/**
 * Arch Linux's packages, `.pkg.tar.zst`: a tar that begins with makepkg's description of the build.
 */
export const pacman: StreamFormat = {
  kind: 'stream',
  name: 'pacman',
  fileName: /\.pkg\.tar(\.\w+)?$/,
  begins: (head) => /^\.(BUILDINFO|MTREE|INSTALL|CHANGELOG)$/.test(firstName(head)),
  members: (reader, tools) => readPkgInfoTar('pacman', reader, tools),
};
