import type { Trust } from './signatures.ts';

/** How the indexes of an archive are read. */
export interface ArchiveReading {
  trust: Trust;
  /** The contents of an index after decompression. */
  unpacked: Unpacked;
  /** Reads a package of this machine. @throws Error if it is malformed. */
  rpmSignature: (path: string) => PackageSignature;
  signal: AbortSignal;
}

/** What the signature of an RPM itself covers. */
export interface PackageSignature {
  /** OpenPGP signatures of `header`. */
  signatures: readonly Uint8Array[];
  header: Uint8Array;
  /** Offset of the payload, which ends with the file, and its SHA-256 as the header says. */
  payload: number;
  payloadSha256?: string | undefined;
}

export type Unpacked = (bytes: Uint8Array) => AsyncIterable<Uint8Array>;
