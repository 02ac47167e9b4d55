export interface JobQueueOptions {
  /** Called for every failed attempt, and for every connection that breaks. */
  onError: (error: Error) => void;
  /** How often a job is tried before it is given up. */
  attempts?: number;
  /** Milliseconds before the second attempt; each later one waits twice as long. */
  backoffMs?: number;
}

/** Five attempts within half a minute: after that, waiting does not help. */
export const JOB_QUEUE_DEFAULTS = { attempts: 5, backoffMs: 2000 } as const;

/** Milliseconds to wait after the attempt of this number, counted from 1. */
export function backoff(attempt: number, backoffMs: number): number {
  return backoffMs * 2 ** (attempt - 1);
}

/** The error of a failed attempt for `onError`. */
export function attemptError(id: string, attempt: number, of: number, cause: unknown): Error {
  return new Error(`job ${id} failed, attempt ${attempt} of ${of}`, { cause });
}
