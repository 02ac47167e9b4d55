import type { KernelRecord } from '@btf-depot/contracts';
import { DepotError } from '../errors.ts';
import { hashesIn } from '../record/blobs-in-records.ts';
import type { BlobStore } from '../ports/blob-store.ts';
import type { RecordStore } from '../ports/record-store.ts';
import type { TokenStore } from '../ports/token-store.ts';
import { updateRecord } from '../record/update-record.ts';

export interface CopiedStores {
  blobs: BlobStore;
  records: RecordStore;
  tokens: TokenStore;
}

export interface CopyReport {
  /** Kernels that were written. */
  copied: number;
  /** Kernels that the target has as they are, or with a higher revision. */
  left: number;
  blobs: number;
  /** Bytes of blobs that were written. */
  bytes: number;
  tokens: number;
}

/** A record may change, and what it named be collected, while its blobs are copied. */
const TRIES = 5;

/**
 * Copies what one store has to another, beside running services: of each kernel its blobs, then
 * its record, so that the target is whole at every moment. Run again, it copies what is new.
 * Kernels that only the target has stay.
 *
 * @throws DepotError `unknown-blob` where the source has lost a blob.
 */
export async function copyStore(from: CopiedStores, to: CopiedStores): Promise<CopyReport> {
  const report: CopyReport = { copied: 0, left: 0, blobs: 0, bytes: 0, tokens: 0 };
  for await (const token of from.tokens.list()) {
    await to.tokens.put(token);
    report.tokens++;
  }
  for await (const { buildId } of from.records.list()) {
    const record = await copyBlobs(from, to, buildId, report);
    if (!record) continue;
    const same = JSON.stringify(record);
    const { written } = await updateRecord(to.records, buildId, (current) =>
      current && (current.revision > record.revision || JSON.stringify(current) === same)
        ? undefined
        : record,
    );
    if (written) report.copied++;
    else report.left++;
  }
  return report;
}

/** @returns the record whose blobs the target has now. */
async function copyBlobs(
  from: CopiedStores,
  to: CopiedStores,
  buildId: string,
  report: CopyReport,
): Promise<KernelRecord | undefined> {
  for (let tries = 1; ; tries++) {
    const record = (await from.records.get(buildId))?.record;
    if (!record) return undefined;
    const missing = await copyNamed(from, to, record, report);
    if (missing === undefined) return record;
    if (tries === TRIES) throw new DepotError('unknown-blob', `${buildId}: no blob ${missing}`);
  }
}

/** @returns a blob that the source does not have. */
async function copyNamed(
  from: CopiedStores,
  to: CopiedStores,
  record: KernelRecord,
  report: CopyReport,
): Promise<string | undefined> {
  const sources = new Set(record.sources.map(({ sha256 }) => sha256));
  for (const sha256 of new Set(hashesIn(record))) {
    if (await to.blobs.has(sha256)) continue;
    const bytes = await from.blobs.get(sha256);
    if (bytes) {
      await to.blobs.put(sha256, bytes);
      report.blobs++;
      report.bytes += bytes.length;
    } else if (!sources.has(sha256)) return sha256;
  }
  return undefined;
}
