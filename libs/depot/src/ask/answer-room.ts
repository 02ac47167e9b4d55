/** The limits of one answer; the rest is on the next page. */
export interface AnswerLimits {
  /** Of its text, approximately. */
  bytes: number;
  /** Milliseconds of work. */
  time: number;
}

/**
 * Work in steps, between which the caller may pause it. A step is short: one variable, or one site.
 */
export type Steps<Result> = Generator<undefined, Result>;

/** Counts the size of an answer. Without limits there is always room. */
export class AnswerRoom {
  #bytes: number;
  #time: number;

  constructor({ bytes = Infinity, time = Infinity }: Partial<AnswerLimits> = {}) {
    this.#bytes = bytes;
    this.#time = time;
  }

  /** Asked only after something was taken, so no answer is empty. */
  get isFull(): boolean {
    return this.#bytes <= 0 || this.#time <= 0;
  }

  /** Counts the texts of one entry, and the JSON around them. */
  take(...texts: (string | undefined)[]): void {
    this.#bytes -= texts.reduce((sum, text) => sum + (text?.length ?? 0), PER_ENTRY);
  }

  /** Reports the milliseconds of the last step. */
  ran(time: number): void {
    this.#time -= time;
  }
}

const PER_ENTRY = 256;

/** Runs all steps. */
export function finish<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}
