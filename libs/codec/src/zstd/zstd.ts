import { constants, zstdCompressSync } from 'node:zlib';

export interface ZstdOptions {
  /** 1 (fast) to 22 (smallest). */
  readonly level?: number;
}

/** The highest level of zstd(1) without `--ultra`; above it memory grows without gain. */
export const ZSTD_DEFAULTS = { level: 19 } as const satisfies ZstdOptions;

/**
 * One zstd frame with its content's size and checksum, which kernels and kmod unpack: a window of
 * at most 8 MiB (ZSTD_WINDOWLOG_LIMIT_DEFAULT is 128 MiB, but a device has to allocate it). The
 * same bytes for the same input and version of Node. Throws RangeError for a level outside 1–22.
 */
export function zstd(bytes: Uint8Array, options: ZstdOptions = {}): Uint8Array {
  const { level = ZSTD_DEFAULTS.level } = options;
  if (!(level >= 1 && level <= 22)) throw new RangeError(`zstd has no level ${level}`);
  return zstdCompressSync(bytes, {
    params: {
      [constants.ZSTD_c_compressionLevel]: level,
      [constants.ZSTD_c_windowLog]: 23,
      [constants.ZSTD_c_checksumFlag]: 1,
    },
  });
}
