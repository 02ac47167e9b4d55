import type { KernelRecord, UploadPart } from '@btf-depot/contracts';
import type { UploadedFile } from '../accept/upload.ts';

/** Why an upstream gave nothing; each with whether it may pass by itself. */
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

/**
 * An expected failure of an upstream: a value that is remembered for a while and reported to
 * clients.
 */
export interface Miss {
  reason: MissReason;
  /** For people: the request, and the answer. */
  detail: string;
  /** Milliseconds after which the upstream allows another request, if it said so. */
  retryAfter?: number | undefined;
  /** Of a depot that fetches it itself: that depot, and those that it waits for in turn. */
  waitsFor?: readonly string[] | undefined;
}

/** A miss in the middle of a stream, which has no other way to report it. */
export class UpstreamFault extends Error {
  override readonly name = 'UpstreamFault';
  readonly miss: Miss;

  constructor(miss: Miss, options?: ErrorOptions) {
    super(`${miss.reason}: ${miss.detail}`, options);
    this.miss = miss;
  }
}

/** The origin of a request. */
export interface Asking {
  signal: AbortSignal;
  /** The depots that it passed, this one last. */
  via: readonly string[];
  /** Called when the answer has to wait for other depots. */
  onWait?: ((depots: readonly string[]) => void) | undefined;
}

/** A source of kernels: debuginfod, another depot, an archive, a folder. */
export interface Upstream {
  /** Its kind, a key of the table of kinds. */
  readonly kind: string;
  /** Of the principal, in logs and metrics: a host with its port, a path. */
  readonly name: string;
  /**
   * Finds its files for a build ID. It requests as little as possible; files come when they are
   * opened. Rejects only with the signal's reason.
   */
  find(buildId: string, asking: Asking): Promise<Found | Miss>;
  close?(): Promise<void>;
}

export interface Found {
  /** In the order of acceptance; each by itself, as an upload. */
  files: readonly OfferedFile[];
  /** Instead of files: the kernel as another depot has split it. */
  copy?: OfferedCopy | undefined;
}

/** A kernel that another depot has split. */
export interface OfferedCopy {
  record: KernelRecord;
  /** Bytes of that hash and size. @throws Error if it has none; an upstream's: UpstreamFault. */
  blob: (wanted: { sha256: string; size: number }) => Promise<Uint8Array>;
}

/** A file that is accepted as an upload. */
export interface OfferedFile {
  /** For progress and logs. */
  name: string;
  part: UploadPart;
  /** Facts that the file does not state itself; then it is a claim. */
  buildId?: string | undefined;
  delivery?: KernelRecord['delivery'] | undefined;
  /** It comes quickly, and a later file tells more: it may fail without harm. */
  provisional?: boolean | undefined;
  /** Bytes, if known before it is opened. */
  size?: number | undefined;
  /**
   * The bytes from `start` on, or from 0 if the upstream cannot resume. Rejects only with the
   * signal's reason.
   */
  open(start: number, signal: AbortSignal): Promise<OpenedFile | Miss>;
  /** Checks the whole file on this machine, by its hash or signature. Undefined: it is valid. */
  check?(file: UploadedFile): Promise<Miss | undefined>;
}

export interface OpenedFile {
  /** Offset of `bytes`. */
  start: number;
  /** Of the whole file, if the upstream states it. */
  size?: number | undefined;
  /**
   * Throws UpstreamFault, or the signal's reason. A reader that stops early closes the connection.
   */
  bytes: AsyncIterable<Uint8Array>;
}

export function isMiss(value: object): value is Miss {
  return 'reason' in value && 'detail' in value;
}
