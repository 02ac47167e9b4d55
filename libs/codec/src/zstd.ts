import { constants, zstdCompressSync } from 'node:zlib';

/** The highest level that needs no `--ultra`, so that its window stays within 8 MiB. */
const LEVEL = 19;

/**
 * One zstd frame with its content's size and checksum, which kernels and kmod unpack: a window of
 * at most 8 MiB (ZSTD_WINDOWLOG_LIMIT_DEFAULT is 128 MiB, but a device has to set it aside). The
 * same bytes for the same input and version of Node.
 */
export function zstd(bytes: Uint8Array): Uint8Array {
  return zstdCompressSync(bytes, {
    params: {
      [constants.ZSTD_c_compressionLevel]: LEVEL,
      [constants.ZSTD_c_windowLog]: 23,
      [constants.ZSTD_c_checksumFlag]: 1,
    },
  });
}
