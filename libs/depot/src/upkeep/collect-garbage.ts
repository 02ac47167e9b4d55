import { soundBytes } from '../verified/sound-bytes.ts';
import { NamedBlobs } from '../record/blobs-in-records.ts';
import type { BlobEntry, BlobStore } from '../ports/blob-store.ts';
import type { Clock } from '../ports/clock.ts';
import type { RecordStore } from '../ports/record-store.ts';

export interface GarbageOptions {
  /** Milliseconds: younger blobs may belong to a running upload, and stay. */
  minAge: number;
  /** Report what would be deleted, and delete nothing. */
  dryRun: boolean;
}

export const GARBAGE_DEFAULTS = { minAge: 24 * 3600 * 1000, dryRun: false } as const;

export interface GarbageReport {
  /** Blobs that a record names, or that are too young. */
  kept: number;
  collected: BlobEntry[];
  /** Blobs that a record named during their deletion, and that were put back. */
  putBack: number;
}

/** Bytes deleted between two refreshes of the records, and held in memory meanwhile. */
const BATCH = 128 * 1024 * 1024;

/**
 * Deletes the blobs that no record names.
 *
 * Safe beside uploads and compressors of any speed: these put their blobs, write their record, and
 * put their blobs again. The second put restores a blob that was deleted before it. A blob deleted
 * after the second put was named before that; the refresh of the records after each batch finds
 * this, and the blob is put back.
 *
 * @throws the error of an unreadable record: with partial knowledge nothing is deleted.
 */
export async function collectGarbage(
  { blobs, records, clock }: { blobs: BlobStore; records: RecordStore; clock: Clock },
  { minAge, dryRun }: GarbageOptions,
): Promise<GarbageReport> {
  const report: GarbageReport = { kept: 0, collected: [], putBack: 0 };
  const named = new NamedBlobs(records);
  await named.refresh();
  const youngest = clock.now().getTime() - minAge;
  let batch: BlobEntry[] = [];
  const collectBatch = async () => {
    report.putBack += await deleteUnnamed(blobs, named, batch, report.collected);
    batch = [];
  };
  for await (const blob of blobs.list()) {
    if (named.has(blob.sha256) || blob.at.getTime() > youngest) {
      report.kept++;
      continue;
    }
    if (dryRun) {
      report.collected.push(blob);
      continue;
    }
    batch.push(blob);
    if (batch.reduce((sum, { size }) => sum + size, 0) >= BATCH) await collectBatch();
  }
  if (batch.length > 0) await collectBatch();
  return report;
}

/**
 * Deletes those of these blobs that no record names: see collectGarbage. All are in memory meanwhile.
 * @param collected gets what was deleted.
 * @returns the number of blobs put back.
 */
export async function deleteUnnamed<Entry extends { sha256: string }>(
  blobs: BlobStore,
  named: NamedBlobs,
  batch: readonly Entry[],
  collected: Entry[],
): Promise<number> {
  await named.refresh();
  const held: { entry: Entry; bytes: Uint8Array }[] = [];
  try {
    for (const entry of batch) {
      if (named.has(entry.sha256)) continue;
      const bytes = await soundBytes(blobs, entry.sha256);
      if (!bytes) continue;
      if (bytes !== 'damaged') held.push({ entry, bytes });
      await blobs.delete(entry.sha256);
      if (bytes === 'damaged') await forget(blobs, entry, collected);
    }
  } finally {
    await named.refresh();
    for (const { entry, bytes } of held) {
      if (named.has(entry.sha256)) await blobs.put(entry.sha256, bytes);
      else collected.push(entry);
    }
  }
  return held.filter(({ entry }) => named.has(entry.sha256)).length;
}

/** A damaged blob cannot be put back. */
async function forget<Entry extends { sha256: string }>(
  { damage }: BlobStore,
  entry: Entry,
  collected: Entry[],
): Promise<void> {
  collected.push(entry);
  await damage.remove(entry.sha256);
}
