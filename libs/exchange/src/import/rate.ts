import { setTimeout as sleep } from 'node:timers/promises';

/** Limits the rate of all downloads together, without bursts longer than a second. */
export function paceAt(
  bytesPerSecond: number | undefined,
  signal: AbortSignal,
): (bytes: number) => Promise<void> {
  if (bytesPerSecond === undefined) return () => Promise.resolve();
  let free = performance.now();
  return async (bytes) => {
    const now = performance.now();
    free = Math.max(free, now - 1000) + (bytes / bytesPerSecond) * 1000;
    if (free > now) await sleep(free - now, undefined, { signal });
  };
}
