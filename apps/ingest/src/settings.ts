import { EXTRA_NAMES } from '@btf-depot/contracts';
import { parseExtras } from '@btf-depot/contracts/routes';
import { COMPUTE_LIMITS, type ComputeLimits } from '@btf-depot/compute';
import {
  byteSize,
  commonSettings,
  dataSettings,
  httpUrl,
  kindOf,
  leavingSettings,
  path,
  publicSettings,
  queueSettings,
  retrySettings,
  seconds,
  setting,
  someSeconds,
  storeSettings,
  tokenSettings,
  wholeNumber,
  type Settings,
} from '@btf-depot/service-kit';
import { z } from 'zod';
import { pullSettings } from './pull/settings.ts';

const extras = kindOf('names, `,` between them', z.string().transform(parseExtras));

/** Settings of uploads. */
const receivingSettings = {
  ...dataSettings,
  BTFDEPOT_UPLOAD_LIMIT: setting(byteSize, '2g', 'The largest upload, all its parts together.'),
  BTFDEPOT_UPLOAD_PERIOD: setting(
    seconds,
    '30',
    'A sender must deliver `BTFDEPOT_UPLOAD_LEAST` in each period of this length, else 408.',
  ),
  BTFDEPOT_UPLOAD_LEAST: setting(
    byteSize,
    '64k',
    'Least bytes that a sender must deliver in each `BTFDEPOT_UPLOAD_PERIOD`.',
  ),
  BTFDEPOT_UPLOAD_RATE: setting(
    byteSize,
    '16k',
    'Least bytes a second, on average over the whole upload, else 408.',
  ),
  BTFDEPOT_UPLOADS: setting(
    wholeNumber(1, 10_000),
    '16',
    'Uploads at one time, shared fairly among clients; more are refused with 503.',
  ),
  BTFDEPOT_TOKEN_RATE: setting(
    wholeNumber(1, 1_000_000),
    '600',
    'Uploads that a token may begin in a minute, for each process; more are refused with 429.',
  ),
  BTFDEPOT_AUDIT_LOG: setting(
    path.optional(),
    undefined,
    'File that gets a line for each upload and withdrawal; by default the log.',
  ),
  BTFDEPOT_KEEP_FREE: setting(
    byteSize,
    '512m',
    'Space that uploads leave free on the disk of `BTFDEPOT_DATA`, else 507.',
  ),
  BTFDEPOT_EXTRAS: setting(
    extras,
    EXTRA_NAMES.join(','),
    'Extras to split off if the upload names none.',
  ),
};

/** Limits of threads for uploads. */
const computeSettings = {
  BTFDEPOT_THREADS: setting(
    wholeNumber(1, 1024),
    String(COMPUTE_LIMITS.threads),
    'Worker threads, one file each; idle ones help the others.',
    'one per processor',
  ),
  BTFDEPOT_SPARE_THREADS: setting(
    wholeNumber(0, 1024),
    String(COMPUTE_LIMITS.spare),
    'Additional threads for clients that hold none.',
  ),
  BTFDEPOT_SHARE_HALF_LIFE: setting(
    someSeconds,
    String(COMPUTE_LIMITS.halfLife / 1000),
    'Time after which past use of threads counts half.',
  ),
  BTFDEPOT_WAITING: setting(
    wholeNumber(0, 10_000),
    String(COMPUTE_LIMITS.waiting),
    'Files that may wait for a thread; more are refused with 503.',
  ),
  BTFDEPOT_WORK_TIME: setting(
    seconds,
    String(COMPUTE_LIMITS.time / 1000),
    'Limit for unpacking and for splitting a file, else 422.',
  ),
  BTFDEPOT_WORK_MEMORY: setting(byteSize, '1g', 'Memory of one thread for either, else 422.'),
};

/** Settings of uploads, shared by the service and the embedded depot. */
export const uploadSettings = {
  ...receivingSettings,
  ...computeSettings,
  ...pullSettings,
  ...retrySettings,
  ...tokenSettings,
  ...publicSettings,
  ...leavingSettings('5', '600'),
};

export type UploadSettings = Settings<typeof uploadSettings>;

/** All settings of the service. */
export const ingestSettings = {
  ...commonSettings,
  ...storeSettings,
  ...queueSettings,
  ...uploadSettings,
  BTFDEPOT_FETCH_URL: setting(
    httpUrl.optional(),
    undefined,
    'Address of fetch for clients; ingest names it when it refuses a read.',
  ),
};

/** In the form of the pool. */
export function computeLimits(settings: Settings<typeof computeSettings>): ComputeLimits {
  return {
    threads: settings.BTFDEPOT_THREADS,
    spare: settings.BTFDEPOT_SPARE_THREADS,
    halfLife: settings.BTFDEPOT_SHARE_HALF_LIFE,
    waiting: settings.BTFDEPOT_WAITING,
    time: settings.BTFDEPOT_WORK_TIME,
    memory: settings.BTFDEPOT_WORK_MEMORY,
  };
}
