import type { BlobStore, RecordStore, TokenStore } from '@btf-depot/depot';

/** Both stores of one folder or bucket. */
export interface Stores {
  blobs: BlobStore;
  records: RecordStore;
  tokens: TokenStore;
  /** Rejects where nothing can be written: for readiness. It writes an object of its own. */
  checkWrites: () => Promise<void>;
}
