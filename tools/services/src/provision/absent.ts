/**
 * A need of tests that is missing and cannot be provided, without a fault of the tested code.
 * `what` is missing and why; `how` tells a person to get it.
 */
export class Absent extends Error {
  readonly code = 'absent';
  readonly what: string;
  readonly how: string;

  constructor(what: string, how: string, options?: ErrorOptions) {
    super(`${what}. ${how}`, options);
    this.name = 'Absent';
    this.what = what;
    this.how = how;
  }
}

/**
 * The result of a set-up for its tests: the thing, or why it is missing. On a person's machine its
 * tests are then skipped with the reason. Under CI a missing thing is a failure, or nobody would
 * notice.
 */
export type Provided<T> = { readonly value: T } | { readonly absent: string };

export async function provided<T>(make: () => Promise<T>): Promise<Provided<T>> {
  try {
    return { value: await make() };
  } catch (error) {
    if (!(error instanceof Absent) || process.env.CI === 'true') throw error;
    return { absent: error.message };
  }
}
