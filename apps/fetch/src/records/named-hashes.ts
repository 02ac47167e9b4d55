/** How often each of many marks is named; whether one is, without looking through them. */
export class NamedHashes {
  readonly #counts = new Map<number, number>();

  has(mark: number): boolean {
    return this.#counts.has(mark);
  }

  /** Of one that named `before` and names `after` from now on. */
  replace(before: Iterable<number> = [], after: Iterable<number> = []): void {
    for (const mark of after) this.#counts.set(mark, (this.#counts.get(mark) ?? 0) + 1);
    for (const mark of before) {
      const count = (this.#counts.get(mark) ?? 0) - 1;
      if (count > 0) this.#counts.set(mark, count);
      else this.#counts.delete(mark);
    }
  }
}
