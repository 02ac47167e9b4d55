import type { Trust } from './signatures.ts';

/** How the indexes of an archive are read. */
export interface ArchiveReading {
  trust: Trust;
  /** The contents of an index after decompression. */
  unpacked: Unpacked;
  signal: AbortSignal;
}

export type Unpacked = (bytes: Uint8Array) => AsyncIterable<Uint8Array>;
