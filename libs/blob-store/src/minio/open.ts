import { verifiedBlobs } from '@btf-depot/depot';
import { PROBES, PROBE_SIZE } from '../layout.ts';
import type { Stores } from '../stores.ts';
import { MinioBlobStore } from './blob-store.ts';
import { Bucket } from './bucket.ts';
import { probe } from './probe.ts';
import { MinioRecordStore } from './record-store.ts';
import type { MinioSettings } from './settings.ts';
import { MinioTokenStore } from './token-store.ts';

/** The object stays: deleting it each time would be as much again to do. */
async function checkWrites(bucket: Bucket): Promise<void> {
  await bucket.put(`${PROBES}/writable`, new Uint8Array(PROBE_SIZE), {});
}

/**
 * Opens the stores in a bucket, which it makes where it is missing. Any number of processes may use
 * one bucket; the server must take conditional writes (MinIO and AWS S3 do).
 * @param probe whether the server is tried first: for those who write.
 * @throws StoreUnavailable if the server does not answer or refuses the keys; UnfitStore where a
 *   probe finds that it does not keep its word.
 */
export async function openMinioStores(
  settings: MinioSettings,
  { probe: isProbed = false } = {},
): Promise<Stores> {
  const bucket = new Bucket(settings);
  await bucket.make();
  if (isProbed) await probe(bucket);
  return {
    blobs: verifiedBlobs(new MinioBlobStore(bucket)),
    records: new MinioRecordStore(bucket),
    tokens: new MinioTokenStore(bucket),
    checkWrites: () => checkWrites(bucket),
  };
}
