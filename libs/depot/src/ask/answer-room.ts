/** What one answer may take; what does not fit is on the next page. */
export interface AnswerLimits {
  /** Of its text, nearly. */
  bytes: number;
  /** Milliseconds of work. */
  time: number;
}

/**
 * Work that can be interrupted: whoever runs it decides after each step when the next one comes.
 * Steps are short; a step makes one variable, or one site.
 */
export type Steps<Result> = Generator<undefined, Result>;

/** Counts what an answer takes. Without limits there is always room. */
export class AnswerRoom {
  #bytes: number;
  #time: number;

  constructor({ bytes = Infinity, time = Infinity }: Partial<AnswerLimits> = {}) {
    this.#bytes = bytes;
    this.#time = time;
  }

  /** No answer is empty: it is asked after something was taken. */
  get isFull(): boolean {
    return this.#bytes <= 0 || this.#time <= 0;
  }

  /** Counts the texts of one entry, and what JSON has around them. */
  take(...texts: (string | undefined)[]): void {
    this.#bytes -= texts.reduce((sum, text) => sum + (text?.length ?? 0), PER_ENTRY);
  }

  /** Tells how many milliseconds the last step took. */
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
