import type { FileHandle } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { MISS_REASONS, type Miss } from '@btf-depot/depot';

export interface Patience {
  signal: AbortSignal;
  /** Most attempts without a new byte in between. */
  breaks: number;
  /** Milliseconds before the next attempt; each later wait is twice as long. */
  pauseMs: number;
}

/**
 * Repeats until the file is complete.
 *
 * @param once undefined: the file is complete.
 * @param came the most bytes so far.
 * @returns the miss that no further attempt can change.
 * @throws the signal's reason.
 */
export async function untilWhole(
  once: () => Promise<Miss | undefined>,
  came: () => number | Promise<number>,
  { signal, breaks, pauseMs }: Patience,
): Promise<Miss | undefined> {
  for (let failures = 0; ;) {
    const before = await came();
    const miss = await once();
    if (!miss || !MISS_REASONS[miss.reason].passes) return miss;
    failures = (await came()) > before ? 1 : failures + 1;
    if (failures > breaks) return miss;
    const pause = Math.max(pauseMs * 2 ** (failures - 1), miss.retryAfter ?? 0);
    await sleep(pause, undefined, { signal });
  }
}

/** Writes all of these bytes, from this offset of the file on: one write may write fewer. */
export async function writeAt(file: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += (await file.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
  }
}
