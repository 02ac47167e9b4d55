import { ProblemError } from './problem-error.ts';

export interface Patience {
  /** How often something is tried that fails for the moment. */
  rounds: number;
  /** Before the second time, in milliseconds, give or take a quarter; then twice as long each. */
  pauseMs: number;
}

export const PATIENCE: Patience = { rounds: 4, pauseMs: 250 };

/** For what is tried again as a whole, by whoever asks. */
export const ONCE: Patience = { rounds: 1, pauseMs: 0 };

/** The longest that a depot may have us wait, in milliseconds. */
const MAX_PAUSE = 10_000;

/** Statuses of a depot, or what stands before it. */
const PASSING = new Set([408, 429, 500, 502, 503, 504]);

export interface RetryOptions {
  /** Told why something is tried again, and after how many milliseconds. */
  onRetry?: ((why: ProblemError, pause: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Tries again, later and later, what fails for reasons that pass. Whatever `attempt` asks is to be
 * asked once: where two of these stand one in the other, their patience multiplies.
 *
 * @throws what the last attempt threw; the signal's reason as soon as it is aborted.
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

/** Whether it may be well again in a moment. */
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
