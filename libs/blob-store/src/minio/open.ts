import { verifiedBlobs } from '@btf-depot/depot';
import { PROBES, PROBE_SIZE } from '../layout.ts';
import type { Stores } from '../stores.ts';
import { MinioAskedNotes } from './asked-notes.ts';
import { MinioBlobStore } from './blob-store.ts';
import { Bucket } from './bucket.ts';
import { probe } from './probe.ts';
import { MinioRecordStore } from './record-store.ts';
import type { MinioSettings } from './settings.ts';
import { MinioTokenStore } from './token-store.ts';

/** The object stays: deleting it each time would double the work. */
async function checkWrites(bucket: Bucket): Promise<void> {
  await bucket.put(`${PROBES}/writable`, new Uint8Array(PROBE_SIZE), {});
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
  await (make ? bucket.make() : bucket.check());
  if (isProbed) await probe(bucket);
  return {
    blobs: verifiedBlobs(new MinioBlobStore(bucket)),
    records: new MinioRecordStore(bucket),
    tokens: new MinioTokenStore(bucket),
    asked: new MinioAskedNotes(bucket),
    checkWrites: () => checkWrites(bucket),
  };
}
