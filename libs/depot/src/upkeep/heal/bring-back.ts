import { RECORD_SCHEMA, type KernelRecord } from '@btf-depot/contracts';
import type { BlobStore } from '../../ports/blob-store.ts';
import type { RecordStore } from '../../ports/record-store.ts';
import { updateRecord } from '../../record/update-record.ts';
import { soundBytes } from '../../verified/sound-bytes.ts';
import { inputsOf, LOST_PART } from './settle-loss.ts';

/** A compressor's last attempt may have met the blob before the sweep did. */
const OF_BLOBS: ReadonlySet<string> = new Set([LOST_PART, 'damaged-blob', 'unknown-blob']);

/** Whether the kernel failed because a blob was damaged or lost. */
export function failedForBlob({ schema, state, failure }: KernelRecord): boolean {
  if (state !== 'failed' || schema > RECORD_SCHEMA) return false;
  return failure !== undefined && OF_BLOBS.has(failure.code);
}

/**
 * Packs kernels again that failed because a blob was damaged or lost, and whose parts are sound by
 * now: kernels share blobs, and an upload of one kernel brings them for all.
 *
 * @param lost blobs that are known to be damaged or lost still: they are not read.
 * @returns the build IDs of these kernels.
 */
export async function bringBack(
  { blobs, records }: { blobs: BlobStore; records: RecordStore },
  buildIds: Iterable<string>,
  lost: ReadonlySet<string>,
): Promise<string[]> {
  const back: string[] = [];
  const looked = new Map<string, boolean>([...lost].map((sha256) => [sha256, false]));
  const isSound = async (sha256: string): Promise<boolean> => {
    const known = looked.get(sha256);
    if (known !== undefined) return known;
    const found = await soundBytes(blobs, sha256).catch(() => 'unreadable');
    // A read notes a damaged blob itself.
    if (found === undefined) await blobs.damage.add(sha256);
    const sound = typeof found === 'object';
    looked.set(sha256, sound);
    return sound;
  };
  for (const buildId of buildIds) {
    const stored = await records.get(buildId).catch(() => undefined);
    if (!stored || !failedForBlob(stored.record)) continue;
    let sound = true;
    for (const [, { sha256 }] of inputsOf(stored.record)) sound &&= await isSound(sha256);
    if (!sound) continue;
    const { written } = await updateRecord(records, buildId, (current) => {
      if (!current || !failedForBlob(current)) return undefined;
      // The revision is new already: that of a failed kernel is not published.
      const next: KernelRecord = { ...current, state: 'compressing' };
      delete next.failure;
      return next;
    });
    if (written) back.push(buildId);
  }
  return back;
}
