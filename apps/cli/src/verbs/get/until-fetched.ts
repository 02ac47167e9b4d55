import { setTimeout as sleep } from 'node:timers/promises';
import { ProblemError } from '@btf-depot/client';
import { note } from '../../terminal/output.ts';

/** Most milliseconds between two requests. */
const LONGEST_PAUSE = 10_000;

/** Milliseconds that artifacts may take from the kernel's arrival, before it is an error. */
const LONGEST_PACKING = 300_000;

/**
 * Repeats a request while the depot fetches the kernel from an upstream, and shows the progress;
 * then, and for a kernel that was there before, while its artifacts are made. A depot that neither
 * has nor fetches it answers at once.
 */
export async function untilFetched<Result>(ask: () => Promise<Result>): Promise<Result> {
  let packing = 0;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ProblemError) || error.code !== 'pending') throw error;
      if (error.retryAfter > 0) note(error.detail);
      else if (packing === 0) {
        note(error.detail);
        packing = Date.now();
      } else if (Date.now() - packing > LONGEST_PACKING) throw error;
      await sleep(Math.min(error.retryAfter || 1000, LONGEST_PAUSE));
    }
  }
}
