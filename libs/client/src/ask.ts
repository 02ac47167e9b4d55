import { ProblemError } from './problem-error.ts';

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
