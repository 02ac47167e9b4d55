/** Counts how often each mark is named, so that a look-up need not search. */
export class NamedHashes {
  readonly #counts = new Map<number, number>();

  has(mark: number): boolean {
    return this.#counts.has(mark);
  }

  /** Replaces the marks of one record: `before` by `after`. */
  replace(before: Iterable<number> = [], after: Iterable<number> = []): void {
    for (const mark of after) this.#counts.set(mark, (this.#counts.get(mark) ?? 0) + 1);
    for (const mark of before) {
      const count = (this.#counts.get(mark) ?? 0) - 1;
      if (count > 0) this.#counts.set(mark, count);
      else this.#counts.delete(mark);
    }
  }
}
