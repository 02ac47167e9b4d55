import { EXTRAS, type ExtraName } from '@btf-depot/contracts';
import { byteSize, seconds } from '@btf-depot/service-kit';
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
  /** The extras that are split off where the upload names none, separated by commas. */
  BTFDEPOT_EXTRAS: z.string().default(EXTRAS.join(',')).transform(parseExtras),
};

/** `vars,inlines` as a list; empty text: none. */
export function parseExtras(text: string, context: z.RefinementCtx): ExtraName[] {
  const names = text.split(',').filter((name) => name !== '');
  const known: readonly string[] = EXTRAS;
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length === 0) return names as ExtraName[];
  context.addIssue(`unknown extra ${unknown.join(', ')}: this depot knows ${EXTRAS.join(', ')}`);
  return z.NEVER;
}
