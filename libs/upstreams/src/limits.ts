/** Most costs of one upstream; all are options. */
export interface UpstreamLimits {
  /** Bytes of one file. */
  maxBytes: number;
  /** Milliseconds to the first byte of an answer: a debuginfod may unpack a package first. */
  answerMs: number;
  /** Milliseconds in which a sender must deliver `leastBytes`. */
  periodMs: number;
  leastBytes: number;
  /** Redirects that are followed. */
  redirects: number;
  /** Most restarts or continuations of a file without a new byte in between. */
  breaks: number;
  /** Whether a redirect may lead to an address that is not public. */
  allowPrivate: boolean;
}

export const UPSTREAM_LIMITS: UpstreamLimits = {
  maxBytes: 2 * 1024 ** 3,
  answerMs: 120_000,
  periodMs: 30_000,
  leastBytes: 64 * 1024,
  redirects: 5,
  breaks: 3,
  allowPrivate: false,
};
