import type { KernelRecord } from '@btf-depot/contracts';
import { hashesIn } from '../record/blobs-in-records.ts';
import type { BlobStore } from '../ports/blob-store.ts';
import type { RecordStore } from '../ports/record-store.ts';
import type { TokenStore } from '../ports/token-store.ts';
import { updateRecord } from '../record/update-record.ts';
import { soundBytes } from '../verified/sound-bytes.ts';

export interface CopiedStores {
  blobs: BlobStore;
  records: RecordStore;
  tokens: TokenStore;
}

export interface CopyReport {
  /** Kernels that were written. */
  copied: number;
  /** Kernels that the target has already, or with a higher revision. */
  left: number;
  blobs: number;
  /** Bytes of written blobs. */
  bytes: number;
  tokens: number;
  /** Kernels that were left out because the source has lost or damaged a blob. */
  lost: { buildId: string; detail: string }[];
}

interface CopyOptions {
  /** Read the blobs of the target, and overwrite damaged ones; otherwise only blobs with a note. */
  verify?: boolean | undefined;
}

/** While its blobs are copied, a record may change, and its old blobs be collected. */
const TRIES = 5;

/**
 * Copies one store to another, beside running services: of each kernel first its blobs, then its
 * record, so that the target is consistent at every moment. A second run copies what is new.
 * Kernels that only the target has stay. Kernels with a lost blob are left out.
 */
export async function copyStore(
  from: CopiedStores,
  to: CopiedStores,
  { verify = false }: CopyOptions = {},
): Promise<CopyReport> {
  const report: CopyReport = { copied: 0, left: 0, blobs: 0, bytes: 0, tokens: 0, lost: [] };
  const isThere = await presence(to.blobs, verify);
  for await (const token of from.tokens.list()) {
    await to.tokens.put(token);
    report.tokens++;
  }
  for await (const { buildId } of from.records.list()) {
    const record = await copyBlobs(from, to, buildId, { report, isThere });
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

/** Whether the target has the blob, undamaged. */
async function presence(
  blobs: BlobStore,
  verify: boolean,
): Promise<(sha256: string) => Promise<boolean>> {
  if (verify) {
    return async (sha256) => {
      const found = await soundBytes(blobs, sha256);
      return found !== undefined && found !== 'damaged';
    };
  }
  const damaged = new Set<string>();
  for await (const sha256 of blobs.damage.list()) damaged.add(sha256);
  return async (sha256) => !damaged.has(sha256) && (await blobs.has(sha256));
}

interface Copying {
  report: CopyReport;
  isThere: (sha256: string) => Promise<boolean>;
}

/** @returns the record whose blobs the target has now; undefined if it is left out. */
async function copyBlobs(
  from: CopiedStores,
  to: CopiedStores,
  buildId: string,
  copying: Copying,
): Promise<KernelRecord | undefined> {
  for (let tries = 1; ; tries++) {
    const record = (await from.records.get(buildId))?.record;
    if (!record) return undefined;
    const detail = await copyNamed(from, to, record, copying);
    if (detail === undefined) return record;
    if (tries < TRIES) continue;
    copying.report.lost.push({ buildId, detail });
    return undefined;
  }
}

/** @returns the fault of a blob that the source lacks. */
async function copyNamed(
  from: CopiedStores,
  to: CopiedStores,
  record: KernelRecord,
  { report, isThere }: Copying,
): Promise<string | undefined> {
  const sources = new Set(record.sources.map(({ sha256 }) => sha256));
  for (const sha256 of new Set(hashesIn(record))) {
    if (await isThere(sha256)) continue;
    const bytes = await soundBytes(from.blobs, sha256);
    if (bytes === 'damaged') return `blob ${sha256} is damaged`;
    if (bytes) {
      await to.blobs.replace(sha256, bytes);
      report.blobs++;
      report.bytes += bytes.length;
    } else if (!sources.has(sha256)) return `the store has no blob ${sha256}`;
  }
  return undefined;
}
