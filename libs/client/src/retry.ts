import { ProblemError } from './problem-error.ts';

export interface Patience {
  /** How often temporary failures are retried. */
  rounds: number;
  /** Before the first retry, in milliseconds, plus or minus a quarter; then doubled each time. */
  pauseMs: number;
}

export const PATIENCE: Patience = { rounds: 4, pauseMs: 250 };

/** No retries, for callers that retry as a whole. */
export const ONCE: Patience = { rounds: 1, pauseMs: 0 };

/** The longest wait that a depot may ask for, in milliseconds. */
const MAX_PAUSE = 10_000;

/** Statuses of a depot, or of a proxy. */
const PASSING = new Set([408, 429, 500, 502, 503, 504]);

export interface RetryOptions {
  /** Called with the reason of a retry, and the milliseconds before it. */
  onRetry?: ((why: ProblemError, pause: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Retries temporary failures with growing pauses. `attempt` must not retry by itself: nested
 * retries multiply.
 *
 * @throws the error of the last attempt; the signal's reason as soon as it is aborted.
 */
export async function retry<Result>(
  attempt: () => Promise<Result>,
  { rounds, pauseMs }: Patience,
  { onRetry, signal }: RetryOptions = {},
): Promise<Result> {
  for (let round = 1; ; round++) {
    try {
      return await attempt();
    } catch (error) {
      if (round >= rounds || !(error instanceof ProblemError) || !isPassing(error)) throw error;
      const own = pauseMs * 2 ** (round - 1) * (0.75 + Math.random() / 2);
      const pause = Math.min(Math.max(own, error.retryAfter), MAX_PAUSE);
      onRetry?.(error, pause);
      await wait(pause, signal);
    }
  }
}

/** Whether the failure may be temporary. */
export function isPassing({ code, status }: ProblemError): boolean {
  return code === 'unreachable' || PASSING.has(status);
}

/** @throws the signal's reason as soon as it is aborted. */
export async function wait(ms: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
