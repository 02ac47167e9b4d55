import { checkLimit } from './limits.ts';

/**
 * Limits the total work of one kind for a file. A limit for one table or list is not enough: many
 * small units may use the same one.
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

  /** Amount used so far. */
  get spent(): number {
    return this.#limit - this.#left;
  }

  /** Throws FormatError `dwarf-limit` above the limit. */
  take(amount: number, section: string, offset: number): void {
    this.#left -= amount;
    if (this.#left < 0) checkLimit(this.#what, this.spent, this.#limit, { section, offset });
  }
}
