import { ProblemError, sha256Of, type DepotClient } from '@btf-depot/client';
import type { KernelRecord, KernelSummary } from '@btf-depot/contracts';
import {
  DepotError,
  MAX_BLOB_SIZE,
  summaryOf,
  UnreadableRecord,
  type BlobStore,
  type RecordStore,
} from '@btf-depot/depot';

/** A depot whose kernels are exported. */
export interface ExportSource {
  /** Every kernel, with withdrawn ones if the source lists them. */
  kernels(): AsyncIterable<KernelSummary>;
  /** @returns undefined if there is none now, or it is withdrawn. */
  record(buildId: string): Promise<KernelRecord | undefined>;
  /**
   * The whole blob, with that hash.
   * @throws Error with the reason if there is none.
   */
  blob(wanted: { sha256: string; size: number }): Promise<Uint8Array>;
}

/** @param onUnreadable called for unreadable records, which are left out. */
export function storesSource(
  { blobs, records }: { blobs: BlobStore; records: RecordStore },
  onUnreadable: (error: UnreadableRecord) => void,
): ExportSource {
  const readable = async (buildId: string): Promise<KernelRecord | undefined> => {
    try {
      return (await records.get(buildId))?.record;
    } catch (error) {
      if (!(error instanceof UnreadableRecord)) throw error;
      onUnreadable(error);
      return undefined;
    }
  };
  return {
    async *kernels() {
      for await (const { buildId } of records.list()) {
        const record = await readable(buildId);
        if (record) yield summaryOf(record);
      }
    },
    async record(buildId) {
      const record = await readable(buildId);
      return record?.state === 'withdrawn' ? undefined : record;
    },
    async blob({ sha256 }) {
      const bytes = await blobs.get(sha256);
      if (!bytes) throw new DepotError('unknown-blob', `there is no blob ${sha256}`);
      return bytes;
    },
  };
}

/**
 * A depot asked over HTTP, which lists no withdrawn kernel.
 * @param onUnreadable called with the number of kernels that its list lacks for unreadable records.
 */
export function depotSource(
  client: DepotClient,
  onUnreadable: (count: number) => void,
): ExportSource {
  return {
    kernels: () => allKernels(client, onUnreadable),
    async record(buildId) {
      try {
        return await client.record(buildId);
      } catch (error) {
        if (error instanceof ProblemError && error.code === 'withdrawn') return undefined;
        throw error;
      }
    },
    async blob(wanted) {
      if (wanted.size > MAX_BLOB_SIZE) {
        throw new DepotError(
          'too-large',
          `the record gives blob ${wanted.sha256} ${wanted.size} bytes; the limit is ${MAX_BLOB_SIZE}`,
        );
      }
      const bytes = new Uint8Array(wanted.size);
      let at = 0;
      for await (const chunk of client.blob(wanted)) {
        bytes.set(chunk, at);
        at += chunk.length;
      }
      const sha256 = await sha256Of(bytes);
      if (sha256 === wanted.sha256) return bytes;
      throw new DepotError('digest-mismatch', `blob ${wanted.sha256} came with SHA-256 ${sha256}`);
    },
  };
}

/**
 * @throws DepotError if the depot reports its list as incomplete: the export would miss kernels.
 */
async function* allKernels(
  client: DepotClient,
  onUnreadable: (count: number) => void,
): AsyncGenerator<KernelSummary> {
  let page: string | undefined;
  let unreadable: number | undefined;
  do {
    const answer = await client.kernelPage({}, { limit: 1000, page });
    if (answer.incomplete !== undefined) {
      throw new DepotError(
        'store-unavailable',
        `its list of kernels is incomplete: ${answer.incomplete}`,
      );
    }
    ({ unreadable } = answer);
    yield* answer.kernels;
    page = answer.next;
  } while (page !== undefined);
  if (unreadable !== undefined) onUnreadable(unreadable);
}
