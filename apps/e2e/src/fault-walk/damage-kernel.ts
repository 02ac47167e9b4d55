import {
  BLOB_DAMAGES,
  blobKey,
  damageObject,
  RECORD_DAMAGES,
  recordKey,
} from '../faults/damages.ts';
import type { RawBucket } from '../faults/raw-bucket.ts';
import type { Random } from './random.ts';

/** A kernel's objects in the store. */
interface Stored {
  buildId: string;
  parts: readonly string[];
  artifacts: readonly string[];
  /** A blob of another kernel. */
  other: string;
}

type DamageKernel = (bucket: RawBucket, stored: Stored, random: Random) => Promise<void>;

/** Each kind of damage by name, with the function that does it to a kernel. */
export const KERNEL_DAMAGES: Readonly<Record<string, DamageKernel>> = {
  ...kinds('part', BLOB_DAMAGES, ({ parts }, random) => blobKey(random.of(parts))),
  ...kinds('artifact', BLOB_DAMAGES, ({ artifacts }, random) => blobKey(random.of(artifacts))),
  ...kinds('record', RECORD_DAMAGES, ({ buildId }) => recordKey(buildId)),
};

function kinds(
  of: string,
  damages: typeof BLOB_DAMAGES,
  keyOf: (stored: Stored, random: Random) => string,
): Record<string, DamageKernel> {
  return Object.fromEntries(
    Object.entries(damages).map(([name, damage]): [string, DamageKernel] => [
      `${of} with ${name}`,
      async (bucket, stored, random) => {
        const other = await bucket.get(blobKey(stored.other));
        await damageObject(bucket, keyOf(stored, random), damage, other);
      },
    ]),
  );
}
