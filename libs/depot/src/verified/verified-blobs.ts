import { DepotError } from '../errors.ts';
import type { BlobStore, BlobStream, ByteRange } from '../ports/blob-store.ts';
import { VERIFIED_FIRST } from '../ports/blob-store.ts';
import { sha256InTurns } from './hash-in-turns.ts';
import { hashStream, verifiedStream } from './verified-stream.ts';
import { VerifiedLoad } from './verified-load.ts';

/**
 * A store that hashes everything that it reads, so no caller gets bytes with a wrong hash. The
 * opener of a store wraps it once; readers need not think of it.
 *
 * A wrong hash is `damaged-blob`, and noted. A reader writes nothing but this note.
 */
export function verifiedBlobs(store: BlobStore): BlobStore {
  const damaged = async (sha256: string): Promise<DepotError> => {
    // If the note cannot be written, the next reader of the blob writes it.
    await store.damage.add(sha256).catch(() => undefined);
    return damagedBlob(sha256);
  };
  return {
    put: (sha256, bytes) => store.put(sha256, bytes),
    async replace(sha256, bytes) {
      const found = await sha256InTurns(bytes);
      if (found !== sha256) throw new RangeError(`blob ${sha256}: the bytes have hash ${found}`);
      await store.replace(sha256, bytes);
    },
    async get(sha256) {
      const bytes = await store.get(sha256);
      if (bytes && (await sha256InTurns(bytes)) !== sha256) throw await damaged(sha256);
      return bytes;
    },
    async stream(sha256, range) {
      const found = await store.stream(sha256);
      if (!found) return undefined;
      if (!range && found.size > VERIFIED_FIRST) {
        return { ...found, bytes: verifiedStream(found.bytes, sha256, () => damaged(sha256)) };
      }
      const hashes = await hashStream(found.bytes, range);
      if (hashes.whole !== sha256) throw await damaged(sha256);
      return again(store, sha256, range, hashes.part, () => damaged(sha256));
    },
    async load(sha256, allocate) {
      const load = await store.load(sha256, allocate);
      return load && new VerifiedLoad(load, sha256, () => damaged(sha256));
    },
    has: (sha256) => store.has(sha256),
    list: () => store.list(),
    delete: (sha256) => store.delete(sha256),
    check: () => store.check(),
    damage: store.damage,
  };
}

/** A second read of the same bytes: they may have changed, so they are hashed again. */
async function again(
  store: BlobStore,
  sha256: string,
  range: ByteRange | undefined,
  expected: string,
  onOther: () => Promise<Error>,
): Promise<BlobStream | undefined> {
  const found = await store.stream(sha256, range);
  return found && { ...found, bytes: verifiedStream(found.bytes, expected, onOther) };
}

function damagedBlob(sha256: string): DepotError {
  return new DepotError(
    'damaged-blob',
    `the stored bytes of blob ${sha256} are damaged; the next sweep makes them again, or marks the kernel as failed: then send it again`,
  );
}
