import type { Trust } from './signatures.ts';

/** How the indexes of an archive are read. */
export interface ArchiveReading {
  trust: Trust;
  /** What an index has when it is no longer compressed. */
  unpacked: Unpacked;
  signal: AbortSignal;
}

export type Unpacked = (bytes: Uint8Array) => AsyncIterable<Uint8Array>;
