import { ProblemError, problemOf } from './problem-error.ts';
import { isPassing, retry, type Patience } from './retry.ts';

/**
 * `fetch`; if a depot cannot be reached, the error names it.
 * @throws ProblemError `unreachable`; the signal's reason if it was aborted.
 */
export async function ask(url: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    init.signal?.throwIfAborted();
    throw new ProblemError({
      code: 'unreachable',
      status: 0,
      title: `${url.origin} cannot be reached`,
      detail: rootOf(error),
    });
  }
}

/** Asks one depot. @throws ProblemError for everything that is no answer with what was asked for. */
type AskOne = (base: URL, get: (path: string) => Promise<Response>) => Promise<Response>;

/**
 * Asks the depots in order until one has an answer. If none has it and some could not answer, asks
 * all again later, since one of those may have it.
 *
 * @param bases ordered URLs, private ones first.
 * @param path that is asked for; or what asks one of them, where one path is not enough.
 * @param initFor what each of them is asked with.
 * @returns an answer that is ok (or 304).
 * @throws ProblemError: of the first depot that lacks it, if all could answer; else of the last
 *   that could not.
 */
export function askInOrder(
  bases: readonly URL[],
  path: string | AskOne,
  initFor: (base: URL) => RequestInit,
  patience: Patience,
): Promise<Response> {
  const signal = initFor(bases[0]).signal ?? undefined;
  const askOne: AskOne = typeof path === 'string' ? (_base, get) => get(path) : path;
  return retry(() => askEach(bases, askOne, initFor), patience, { signal });
}

async function askEach(
  bases: readonly URL[],
  askOne: AskOne,
  initFor: (base: URL) => RequestInit,
): Promise<Response> {
  let missing: ProblemError | undefined;
  let failing: ProblemError | undefined;
  for (const base of bases) {
    const get = async (path: string): Promise<Response> => {
      const response = await ask(new URL(path.replace(/^\//, ''), base), initFor(base));
      if (response.ok || response.status === 304) return response;
      throw await problemOf(response);
    };
    try {
      return await askOne(base, get);
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      if (isPassing(error)) failing = error;
      else missing ??= error;
    }
  }
  throw failing ?? missing ?? new RangeError('no depot is named; pass at least one URL');
}

/** The innermost cause: `fetch failed` alone says nothing. */
function rootOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : rootOf(error.cause);
}
