/** Numbers from a seed, the same on every machine (xorshift32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    // Neighbouring seeds would start alike, and 0 would stay 0.
    this.#state = Math.imul(seed + 1, 0x9e3779b1) || 1;
    for (let i = 0; i < 8; i++) this.next(1);
  }

  /** 0 ≤ n < limit. */
  next(limit: number): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) % limit;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.next(from.length)];
  }
}
