import type { StreamFormat } from '../format.ts';
import { isTar, readTar } from '../tar.ts';

/** By itself, compressed, or a layer of a container image. */
export const tar: StreamFormat = {
  kind: 'stream',
  name: 'tar',
  // Of an image in a file, and as archives of BTF have it; others may be sources.
  fileName: /(^layer|\.btf)\.tar(\.\w+)?$/,
  begins: isTar,
  members: readTar,
};
