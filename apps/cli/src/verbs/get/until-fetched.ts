import { setTimeout as sleep } from 'node:timers/promises';
import { ProblemError } from '@btf-depot/client';
import { note } from '../../terminal/output.ts';

/** Most milliseconds between two requests. */
const LONGEST_PAUSE = 10_000;

/**
 * Repeats a request while the depot fetches the kernel from an upstream, and shows the progress. A
 * depot that does not fetch it answers at once.
 */
export async function untilFetched<Result>(ask: () => Promise<Result>): Promise<Result> {
  for (let isFetched = false; ;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ProblemError) || error.code !== 'pending') throw error;
      // An answer without a time to retry is about a kernel that was there before.
      if (error.retryAfter > 0) note(error.detail);
      else if (!isFetched) throw error;
      isFetched = true;
      await sleep(Math.min(error.retryAfter || 1000, LONGEST_PAUSE));
    }
  }
}
