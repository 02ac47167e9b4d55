/** An object that takes memory: a buffer, or a blob being read. */
export interface Holdable {
  /** Bytes. */
  readonly length: number;
}

/** Held objects, each counted once, however often it is held. */
export class HeldBytes {
  readonly #times = new Map<Holdable, number>();
  /** Of all of them. */
  bytes = 0;

  get isEmpty(): boolean {
    return this.#times.size === 0;
  }

  has(what: Holdable): boolean {
    return this.#times.has(what);
  }

  add(what: Holdable): void {
    const times = this.#times.get(what) ?? 0;
    this.#times.set(what, times + 1);
    if (times === 0) this.bytes += what.length;
  }

  take(what: Holdable): void {
    const times = (this.#times.get(what) ?? 0) - 1;
    if (times > 0) this.#times.set(what, times);
    else if (this.#times.delete(what)) this.bytes -= what.length;
  }
}
