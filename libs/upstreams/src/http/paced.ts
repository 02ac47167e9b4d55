import type { IncomingMessage } from 'node:http';
import { UpstreamFault, type Miss } from '@btf-depot/depot';
import type { UpstreamLimits } from '../limits.ts';

export interface Pace {
  url: URL;
  limits: UpstreamLimits;
  signal: AbortSignal;
  /** Offset of the answer's first byte. */
  start: number;
  /** Of the whole file, if known. */
  size?: number | undefined;
  maxBytes: number;
}

/**
 * The bytes of an answer, within its limits. An answer with too few bytes in a period is ended,
 * even if they come steadily, and so is one that is too long. The reader's own time does not count
 * against the sender.
 *
 * @throws UpstreamFault, or the signal's reason.
 */
export async function* paced(
  answer: IncomingMessage,
  { url, limits, signal, start, size, maxBytes }: Pace,
): AsyncGenerator<Uint8Array> {
  const { periodMs, leastBytes } = limits;
  let at = start;
  let inPeriod = 0;
  let left = periodMs;
  const chunks = answer[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  try {
    for (;;) {
      const asked = performance.now();
      const next = await withinTime(chunks.next(), left, signal);
      if (next === undefined) throw fault('too-slow', `${inPeriod} bytes in ${periodMs / 1000} s`);
      left -= performance.now() - asked;
      if (next.done) break;
      at += next.value.length;
      inPeriod += next.value.length;
      if (at > (size ?? maxBytes)) {
        throw fault(
          at > maxBytes ? 'too-large' : 'malformed',
          `more than ${size ?? maxBytes} bytes`,
        );
      }
      if (inPeriod >= leastBytes) [inPeriod, left] = [0, periodMs];
      yield next.value;
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof UpstreamFault) throw error;
    throw fault('cut', `at byte ${at}: ${(error as Error).message}`);
  } finally {
    answer.destroy();
  }
  if (size !== undefined && at < size) throw fault('cut', `at byte ${at} of ${size}`);

  function fault(reason: Miss['reason'], detail: string): UpstreamFault {
    return new UpstreamFault({ reason, detail: `${url.href}: ${detail}` });
  }
}

/** Undefined: it took longer. @throws the signal's reason. */
async function withinTime<Result>(
  promise: Promise<Result>,
  ms: number,
  signal: AbortSignal,
): Promise<Result | undefined> {
  let timer: NodeJS.Timeout | undefined;
  let onAbort: (() => void) | undefined;
  const ended = new Promise<undefined>((resolve, reject) => {
    timer = setTimeout(() => resolve(undefined), Math.max(ms, 0));
    onAbort = () => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  // The loser of the race may still fail when the answer is destroyed.
  promise.catch(() => undefined);
  try {
    return await Promise.race([promise, ended]);
  } finally {
    clearTimeout(timer);
    if (onAbort) signal.removeEventListener('abort', onAbort);
  }
}
