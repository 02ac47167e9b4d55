import type { StreamFormat } from '../format.ts';
import { isTar, readTar } from '../archives/tar.ts';

/** A plain tar, a compressed one, or a layer of a container image. */
export const tar: StreamFormat = {
  kind: 'stream',
  name: 'tar',
  // For an image in a file, and for archives of BTF; other names may be sources.
  fileName: /(^layer|\.btf)\.tar(\.\w+)?$/,
  begins: isTar,
  members: readTar,
};
