/**
 * Something that tests need is not here and cannot be provided: no fault of the code under test.
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
 * What a set-up hands to its tests: the thing, or why it is absent. On a person's machine its tests
 * are skipped then, and say so; under CI a missing thing is a failure, or nobody would notice.
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
