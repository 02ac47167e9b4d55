import { ProblemError, problemOf } from './problem-error.ts';

/**
 * `fetch`, where a depot that cannot be reached is an error of ours that says which one.
 * @throws ProblemError `unreachable`; the signal's reason where it was aborted.
 */
export async function ask(url: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    init.signal?.throwIfAborted();
    const { cause } = error as Error;
    throw new ProblemError({
      code: 'unreachable',
      status: 0,
      title: `${url.origin} cannot be reached`,
      detail: cause instanceof Error ? cause.message : String(error),
    });
  }
}

export interface Patience {
  /** How often all depots are asked, where none could answer. */
  rounds: number;
  /** Before the second round, in milliseconds; each later one waits twice as long. */
  pauseMs: number;
}

export const PATIENCE: Patience = { rounds: 4, pauseMs: 250 };

/** The longest that a depot may have us wait, in milliseconds. */
const MAX_PAUSE = 10_000;

/** Statuses of a depot, or what stands before it, that may be well again in a moment. */
const PASSING = new Set([408, 429, 500, 502, 503, 504]);

/**
 * Asks the depots in their order until one has an answer. What one does not have is asked of the
 * next; where some could not answer, all are asked again later, for what they have may be it.
 *
 * @param bases ordered URLs, private ones first.
 * @param initFor what each of them is asked with.
 * @returns an answer that is ok (or 304).
 * @throws ProblemError: of the first depot that does not have it, where all could answer; else of
 *   the last that could not.
 */
export async function askInOrder(
  bases: readonly URL[],
  path: string,
  initFor: (base: URL) => RequestInit,
  { rounds, pauseMs }: Patience,
): Promise<Response> {
  for (let round = 1; ; round++) {
    let missing: ProblemError | undefined;
    let failing: ProblemError | undefined;
    let pause = pauseMs * 2 ** (round - 1) * (0.5 + Math.random());
    for (const base of bases) {
      try {
        const response = await ask(new URL(path.replace(/^\//, ''), base), initFor(base));
        if (response.ok || response.status === 304) return response;
        const retryAfter = Number(response.headers.get('retry-after') ?? 0) * 1000;
        const problem = await problemOf(response);
        if (PASSING.has(problem.status)) {
          failing = problem;
          if (retryAfter > pause) pause = retryAfter;
        } else missing ??= problem;
      } catch (error) {
        if (!(error instanceof ProblemError)) throw error;
        failing = error;
      }
    }
    if (!failing && missing) throw missing;
    if (round >= rounds || !failing) throw failing ?? new RangeError('no depot is named');
    await wait(Math.min(pause, MAX_PAUSE), initFor(bases[0]).signal ?? undefined);
  }
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
