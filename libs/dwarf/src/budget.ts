import { checkLimit } from './limits.ts';

/**
 * How much of one thing may be done for a file in all. Limits of one table or list do not bound
 * what many units, each small, have done with the same one.
 */
export class Budget {
  #left: number;
  readonly #limit: number;
  readonly #what: string;

  constructor(what: string, limit: number) {
    this.#what = what;
    this.#limit = limit;
    this.#left = limit;
  }

  /** How much was taken. */
  get spent(): number {
    return this.#limit - this.#left;
  }

  /** Throws FormatError `dwarf-limit` once more than the limit was taken. */
  take(amount: number, section: string, offset: number): void {
    this.#left -= amount;
    if (this.#left < 0) checkLimit(this.#what, this.spent, this.#limit, { section, offset });
  }
}
