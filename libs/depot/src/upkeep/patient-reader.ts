import { setTimeout as sleep } from 'node:timers/promises';
import { DepotError } from '../errors.ts';
import type { BlobStore } from '../ports/blob-store.ts';
import type { RecordStore } from '../ports/record-store.ts';

/** Milliseconds between the attempts of one read. */
const PAUSES = [200, 1000];

interface Reader {
  blobs: BlobStore;
  records: RecordStore;
}

/**
 * The same stores, with several attempts for each read. If a read still fails, a read of something
 * else tells whether the whole store is away: see `isAway`.
 */
export function patientReader({ blobs, records }: Reader, pauses = PAUSES): Reader {
  const patiently = async <T>(read: () => Promise<T>): Promise<T> => {
    for (const pause of [...pauses, undefined]) {
      try {
        return await read();
      } catch (error) {
        if (!isUnavailable(error)) throw error;
        if (pause === undefined) {
          await blobs.check().catch((cause: unknown) => {
            throw new StoreAway(cause);
          });
          throw error;
        }
        await sleep(pause);
      }
    }
    throw new Error('unreachable');
  };
  return {
    blobs: { ...blobs, get: (sha256) => patiently(() => blobs.get(sha256)) },
    records: {
      get: (buildId) => patiently(() => records.get(buildId)),
      put: (record, expected) => records.put(record, expected),
      list: () => records.list(),
      aside: records.aside,
    },
  };
}

/** The store does not answer at all: the failed read says nothing about the blob. */
class StoreAway extends DepotError {
  constructor(cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super('store-unavailable', `the store does not answer: ${why}`, { cause });
  }
}

export function isAway(error: unknown): boolean {
  return error instanceof StoreAway;
}

function isUnavailable(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 'store-unavailable';
}
