import { EXTRAS } from '@btf-depot/contracts';
import { parseExtras } from '@btf-depot/contracts/routes';
import { byteSize, seconds, wholeNumber } from '@btf-depot/service-kit';
import { z } from 'zod';

/** Settings of uploads, shared by the service and the embedded depot. */
export const uploadSettings = {
  /** Where uploads are staged while they are split. */
  BTFDEPOT_DATA: z.string().default('data'),
  /** The largest upload, all its parts together. */
  BTFDEPOT_UPLOAD_LIMIT: byteSize.prefault('2g'),
  /** A sender must deliver `BTFDEPOT_UPLOAD_LEAST` in each period of this length. */
  BTFDEPOT_UPLOAD_PERIOD: seconds.prefault('30'),
  BTFDEPOT_UPLOAD_LEAST: byteSize.prefault('64k'),
  /** A sender must deliver so much in each second, on average over the whole upload. */
  BTFDEPOT_UPLOAD_RATE: byteSize.prefault('16k'),
  /** Uploads at one time, which clients share; more are asked to come later. */
  BTFDEPOT_UPLOADS: wholeNumber(1, 10_000).prefault('16'),
  /** Uploads that a token may begin in a minute, at each process. */
  BTFDEPOT_TOKEN_RATE: wholeNumber(1, 1_000_000).prefault('600'),
  /** File to which is added who published and withdrew what; without, that is in the log. */
  BTFDEPOT_AUDIT_LOG: z.string().optional(),
  /** Space that uploads leave free in `BTFDEPOT_DATA`. */
  BTFDEPOT_KEEP_FREE: byteSize.prefault('512m'),
  /** The extras that are split off where the upload names none, separated by commas. */
  BTFDEPOT_EXTRAS: z.string().default(EXTRAS.join(',')).transform(parseExtras),
};
