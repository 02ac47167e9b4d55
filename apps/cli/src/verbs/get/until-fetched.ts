import { setTimeout as sleep } from 'node:timers/promises';
import { ProblemError } from '@btf-depot/client';
import { note } from '../../terminal/output.ts';

/** Milliseconds between two questions, at most. */
const LONGEST_PAUSE = 10_000;

/**
 * Asks again while the depot fetches the kernel from an upstream, and says how far that is. A depot
 * that does not fetch it answers at once.
 */
export async function untilFetched<Result>(ask: () => Promise<Result>): Promise<Result> {
  for (let isFetched = false; ;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ProblemError) || error.code !== 'pending') throw error;
      // What says nothing of when to come again is of a kernel that was there before.
      if (error.retryAfter > 0) note(error.detail);
      else if (!isFetched) throw error;
      isFetched = true;
      await sleep(Math.min(error.retryAfter || 1000, LONGEST_PAUSE));
    }
  }
}
