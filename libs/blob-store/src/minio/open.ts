import { setTimeout as sleep } from 'node:timers/promises';
import { verifiedBlobs } from '@btf-depot/depot';
import { StoreUnavailable } from '../errors.ts';
import { PROBES, PROBE_SIZE } from '../layout.ts';
import type { Stores } from '../stores.ts';
import { MinioAskedNotes } from './asked-notes.ts';
import { MinioBlobStore } from './blob-store.ts';
import { Bucket } from './bucket.ts';
import { probe } from './probe.ts';
import { MinioRecordStore } from './record-store.ts';
import { MINIO_DEFAULTS, type MinioSettings } from './settings.ts';
import { MinioTokenStore } from './token-store.ts';

/**
 * The object stays: deleting it each time would double the work.
 * @param silenceMs an upload waits no longer for the answer.
 */
async function checkWrites(bucket: Bucket, silenceMs: number): Promise<void> {
  const late = sleep(silenceMs, undefined, { ref: false }).then(() => {
    throw new StoreUnavailable(`no answer to a write within ${silenceMs} ms`);
  });
  await Promise.race([bucket.put(`${PROBES}/writable`, new Uint8Array(PROBE_SIZE), {}), late]);
}

/**
 * Opens the stores in a bucket. Any number of processes may use one
 * bucket; the server must support conditional writes (MinIO and AWS S3 do).
 * @param make whether to make a missing bucket, rather than fail: an empty store has no faults.
 * @param probe whether to test the server first: for writers.
 * @throws StoreUnavailable if the server does not answer or refuses the keys; UnfitStore if the
 *   probe finds a broken promise.
 */
export async function openMinioStores(
  settings: MinioSettings,
  { make = true, probe: isProbed = false } = {},
): Promise<Stores> {
  const bucket = new Bucket(settings);
  const { silenceMs = MINIO_DEFAULTS.silenceMs } = settings;
  await (make ? bucket.make() : bucket.check());
  if (isProbed) await probe(bucket);
  return {
    blobs: verifiedBlobs(new MinioBlobStore(bucket)),
    records: new MinioRecordStore(bucket),
    tokens: new MinioTokenStore(bucket),
    asked: new MinioAskedNotes(bucket),
    checkWrites: () => checkWrites(bucket, silenceMs),
  };
}
