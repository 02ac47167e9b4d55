import type { KernelRecord } from '@btf-depot/contracts';
import { Readable } from 'node:stream';
import {
  loadStream,
  RecordConflict,
  verifiedBlobs,
  type AskedNotes,
  type BlobStore,
  type RecordStore,
} from '@btf-depot/depot';

export interface MemoryStores {
  asked: AskedNotes;
  blobs: BlobStore;
  records: RecordStore;
  /** The contents of the blob store: tests damage and age them here. */
  kept: Map<string, { bytes: Uint8Array; at: Date }>;
}

/** Stores in memory, for tests of use cases. */
export function memoryStores(clock: () => Date = () => new Date()): MemoryStores {
  const kept: MemoryStores['kept'] = new Map();
  const noted = new Set<string>();
  const asked = new Map<string, Date>();
  const records = new Map<string, { record: KernelRecord; version: string }>();
  let writes = 0;
  const stream: BlobStore['stream'] = (sha256, range) => {
    const bytes = kept.get(sha256)?.bytes;
    if (!bytes) return Promise.resolve(undefined);
    const { start, end } = range ?? { start: 0, end: bytes.length };
    const part = Readable.from([bytes.subarray(start, end)]);
    return Promise.resolve({ size: bytes.length, bytes: part });
  };
  return {
    kept,
    asked: {
      add: (buildId) => Promise.resolve(void asked.set(buildId, clock())),
      list: () => each([...asked].map(([buildId, at]) => ({ buildId, at }))),
      remove: (buildId) => Promise.resolve(void asked.delete(buildId)),
    },
    blobs: verifiedBlobs({
      put: (sha256, bytes) => {
        const created = !kept.has(sha256);
        if (created) kept.set(sha256, { bytes, at: clock() });
        return Promise.resolve({ created });
      },
      replace: (sha256, bytes) => {
        kept.set(sha256, { bytes, at: clock() });
        return Promise.resolve();
      },
      get: (sha256) => Promise.resolve(kept.get(sha256)?.bytes),
      stream,
      load: async (sha256, allocate) => {
        const found = await stream(sha256);
        return found && loadStream(found, allocate);
      },
      has: (sha256) => Promise.resolve(kept.has(sha256)),
      list: () =>
        each([...kept].map(([sha256, { bytes, at }]) => ({ sha256, size: bytes.length, at }))),
      delete: (sha256) => {
        kept.delete(sha256);
        return Promise.resolve();
      },
      check: () => Promise.resolve(),
      damage: {
        add: (sha256) => Promise.resolve(void noted.add(sha256)),
        list: () => each([...noted]),
        remove: (sha256) => Promise.resolve(void noted.delete(sha256)),
      },
    }),
    records: {
      get: (buildId) => Promise.resolve(records.get(buildId)),
      put: (record, expected) => {
        const { buildId } = record;
        if (records.get(buildId)?.version !== expected) {
          return Promise.reject(new RecordConflict(buildId));
        }
        const version = String(++writes);
        records.set(buildId, { record, version });
        return Promise.resolve(version);
      },
      list: () => each([...records].map(([buildId, { version }]) => ({ buildId, version }))),
      // Nothing is malformed here.
      aside: {
        keep: () => Promise.resolve(),
        list: () => each([]),
        remove: () => Promise.resolve(),
      },
    },
  };
}

// eslint-disable-next-line @typescript-eslint/require-await -- the ports' listings are asynchronous
async function* each<T>(items: T[]): AsyncIterable<T> {
  yield* items;
}
