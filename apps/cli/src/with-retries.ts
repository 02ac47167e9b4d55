import { setTimeout as sleep } from 'node:timers/promises';
import { ProblemError } from '@btf-depot/client';

/** Milliseconds before each further attempt: a depot that is being restarted is back by the last. */
const PAUSES = [500, 1000, 2000, 4000, 8000];

/** Statuses of a depot, or what stands before it, that may be well again in a moment. */
const PASSING = new Set([0, 408, 429, 500, 502, 503, 504]);

/**
 * Tries again, later and later, what failed for reasons that pass.
 * @param onRetry told why, and after how many milliseconds.
 */
export async function withRetries<Result>(
  attempt: () => Promise<Result>,
  onRetry: (why: ProblemError, pause: number) => void,
): Promise<Result> {
  for (const pause of PAUSES) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof ProblemError) || !PASSING.has(error.status)) throw error;
      onRetry(error, pause);
      await sleep(pause);
    }
  }
  return attempt();
}
