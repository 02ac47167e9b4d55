import type { StreamFormat } from '../format.ts';
import { readPkgInfoTar } from '../packages/pkginfo-tar.ts';
import { firstName } from '../archives/tar.ts';

/**
 * Packages of apk-tools 2: up to three concatenated tars (signature, .PKGINFO, files), each
 * compressed by itself, the first two without their end.
 */
export const apk: StreamFormat = {
  kind: 'stream',
  name: 'apk',
  fileName: /\.apk$/,
  begins: (head) => /^\.(SIGN\.|PKGINFO$)/.test(firstName(head)),
  members: (reader, tools) => readPkgInfoTar('apk', reader, tools),
};
