import type { AskedNotes, BlobStore, RecordStore, TokenStore } from '@btf-depot/depot';

/** The stores of one folder or bucket. */
export interface Stores {
  blobs: BlobStore;
  records: RecordStore;
  tokens: TokenStore;
  asked: AskedNotes;
  /** Rejects if nothing can be written: for readiness. It writes its own object. */
  checkWrites: () => Promise<void>;
}
