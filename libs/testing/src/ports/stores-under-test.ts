import type { AskedNotes, BlobStore, RecordStore } from '@btf-depot/depot';
import type { Elsewhere } from './elsewhere.ts';

/** An empty folder or bucket, opened in this process, and how another process opens it. */
export interface StoresUnderTest {
  blobs: BlobStore;
  records: RecordStore;
  asked: AskedNotes;
  elsewhere: Elsewhere;
  dispose(): Promise<void>;
}
