import { COMPRESSION_LEVELS } from '@btf-depot/depot';
import { moduleSettings, seconds, signingSettings, wholeNumber } from '@btf-depot/service-kit';

/** Settings of compressing, shared by the service and the embedded depot. */
export const compressorSettings = {
  ...signingSettings,
  ...moduleSettings,
  /** How hard to compress: smaller and slower the higher. */
  BTFDEPOT_GZIP_LEVEL: wholeNumber(1, 12).prefault(String(COMPRESSION_LEVELS.gzip)),
  BTFDEPOT_XZ_LEVEL: wholeNumber(0, 9).prefault(String(COMPRESSION_LEVELS.xz)),
  BTFDEPOT_ZSTD_LEVEL: wholeNumber(1, 22).prefault(String(COMPRESSION_LEVELS.zstd)),
  /** Kernels that are compressed at one time. */
  BTFDEPOT_COMPRESSORS: wholeNumber(1, 256).prefault('1'),
  /** After so many processes that ended while they compressed a kernel, it is `failed`. */
  BTFDEPOT_JOB_CRASHES: wholeNumber(1, 100).prefault('3'),
  /** How often the records are asked for work that the queue may have lost. */
  BTFDEPOT_SWEEP_PERIOD: seconds.prefault('60'),
};
