import type { KernelRecord, UploadPart } from '@btf-depot/contracts';
import type { UploadedFile } from '../accept/upload.ts';

/** Why nothing came of an upstream; each with whether it may pass by itself. */
export const MISS_REASONS = {
  missing: { passes: false, says: 'it has nothing of this build ID' },
  refused: { passes: false, says: 'it refuses the request' },
  unreachable: { passes: true, says: 'it cannot be reached' },
  unavailable: { passes: true, says: 'it does not answer just now' },
  pending: { passes: true, says: 'it is fetching it itself' },
  timeout: { passes: true, says: 'it takes longer than the limit' },
  'too-slow': { passes: true, says: 'it sends slower than the limit' },
  cut: { passes: true, says: 'its answer ended early, again and again' },
  'too-large': { passes: false, says: 'it sends more than the limit' },
  malformed: { passes: false, says: 'what it sends is malformed' },
  unfit: { passes: false, says: 'what it sends is nothing that a depot takes' },
  'wrong-build-id': { passes: false, says: 'what it sends is of another build ID' },
  'bad-signature': { passes: false, says: 'no signature that is trusted' },
  'private-address': { passes: false, says: 'it leads to an address that is not public' },
  'bad-certificate': { passes: false, says: 'its certificate does not hold' },
  'disk-full': { passes: true, says: 'too little space is left here' },
  itself: { passes: false, says: 'it is this depot' },
  internal: { passes: true, says: 'a fault here' },
} as const satisfies Record<string, { passes: boolean; says: string }>;

export type MissReason = keyof typeof MISS_REASONS;

/** A failure that is expected of others: a value, remembered for a while, told to whoever asks. */
export interface Miss {
  reason: MissReason;
  /** For people: what was asked, and what came. */
  detail: string;
  /** Milliseconds after which the upstream wants to be asked again, if it said so. */
  retryAfter?: number | undefined;
}

/** A miss in the middle of a stream, which has no other way to say it. */
export class UpstreamFault extends Error {
  override readonly name = 'UpstreamFault';
  readonly miss: Miss;

  constructor(miss: Miss, options?: ErrorOptions) {
    super(`${miss.reason}: ${miss.detail}`, options);
    this.miss = miss;
  }
}

/** How a request came here. */
export interface Asking {
  signal: AbortSignal;
  /** The depots that it passed, this one the last. */
  via: readonly string[];
}

/** Somewhere that kernels can be had from: debuginfod, another depot, an archive, a folder. */
export interface Upstream {
  /** Its kind, a key of the table of kinds. */
  readonly kind: string;
  /** Of the principal, in logs and metrics: a host with its port, a path. */
  readonly name: string;
  /**
   * What it has of a build ID. Asks as little as that takes; the files come when they are opened.
   * Rejects with nothing but the signal's reason.
   */
  find(buildId: string, asking: Asking): Promise<Found | Miss>;
  close?(): Promise<void>;
}

export interface Found {
  /** In the order in which they are to be taken in; each by itself, as an upload. */
  files: readonly OfferedFile[];
}

/** A file that is taken in as an upload. */
export interface OfferedFile {
  /** For progress and logs. */
  name: string;
  part: UploadPart;
  /** What the file does not say itself; then it is a claim. */
  buildId?: string | undefined;
  delivery?: KernelRecord['delivery'] | undefined;
  /** It is quick to have, and one behind it says more: it may fail without harm. */
  provisional?: boolean | undefined;
  /** Bytes, if they are known before it is opened. */
  size?: number | undefined;
  /**
   * The bytes from `start` on, or from 0 if the upstream cannot resume. Rejects with nothing but
   * the signal's reason.
   */
  open(start: number, signal: AbortSignal): Promise<OpenedFile | Miss>;
  /** Of the whole file on this machine: its hash or signature. Undefined: it holds. */
  check?(file: UploadedFile): Promise<Miss | undefined>;
}

export interface OpenedFile {
  /** Where `bytes` begin. */
  start: number;
  /** Of the whole file, if the upstream says it. */
  size?: number | undefined;
  /** Throws UpstreamFault, or the signal's reason. Whoever stops early closes what is behind it. */
  bytes: AsyncIterable<Uint8Array>;
}

export function isMiss(value: object): value is Miss {
  return 'reason' in value && 'detail' in value;
}
