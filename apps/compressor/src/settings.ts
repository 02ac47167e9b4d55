import {
  commonSettings,
  moduleSettings,
  queueSettings,
  retrySettings,
  seconds,
  setting,
  signingSettings,
  storeSettings,
  wholeNumber,
  type Settings,
} from '@btf-depot/service-kit';
import { levelSettings } from './level-settings.ts';
import { webhookSettings } from './webhook/settings.ts';

/** Settings of compressing, shared by the service and the embedded depot. */
export const compressorSettings = {
  ...signingSettings,
  ...moduleSettings,
  ...levelSettings,
  BTFDEPOT_COMPRESSORS: setting(
    wholeNumber(1, 256),
    '1',
    'Kernels compressed at one time; also the option `--concurrency`.',
  ),
  BTFDEPOT_JOB_CRASHES: setting(
    wholeNumber(1, 100),
    '3',
    'After this many compressor crashes the kernel is `failed`.',
  ),
  BTFDEPOT_SWEEP_PERIOD: setting(
    seconds,
    '60',
    'Interval of the sweep, which finds work that the queue lost.',
  ),
  ...webhookSettings,
};

export type CompressorSettings = Settings<typeof compressorSettings>;

/** All settings of the service. */
export const compressorServiceSettings = {
  ...commonSettings,
  ...storeSettings,
  ...queueSettings,
  ...retrySettings,
  ...compressorSettings,
  BTFDEPOT_JOB_SILENCE: setting(
    seconds,
    '30',
    'Silence of a compressor after which another one takes its job.',
  ),
};
