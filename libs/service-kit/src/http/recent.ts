/** Answers by key, at most so old: simultaneous requests share one read. */
export class Recent<Answer> {
  readonly #look: (key: string) => Promise<Answer>;
  readonly #maxAge: number;
  readonly #answers = new Map<string, { answer: Promise<Answer>; at: number }>();

  /** @param maxAge milliseconds. */
  constructor(look: (key: string) => Promise<Answer>, maxAge: number) {
    this.#look = look;
    this.#maxAge = maxAge;
  }

  get(key: string): Promise<Answer> {
    const now = performance.now();
    const known = this.#answers.get(key);
    if (known && now - known.at < this.#maxAge) return known.answer;
    // Entries without further requests are old by now.
    for (const [other, { at }] of this.#answers) {
      if (now - at >= this.#maxAge) this.#answers.delete(other);
    }
    const answer = this.#look(key);
    this.#answers.set(key, { answer, at: now });
    return answer;
  }
}
