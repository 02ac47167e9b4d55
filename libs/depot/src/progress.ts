/** Progress of a piece of work, in memory that threads share. */
export class Progress {
  readonly memory: SharedArrayBuffer;
  readonly #counts: Uint32Array;

  /** @param memory of the same work's Progress on another thread. */
  constructor(memory = new SharedArrayBuffer(8)) {
    this.memory = memory;
    this.#counts = new Uint32Array(memory);
  }

  tell(done: number, total: number): void {
    Atomics.store(this.#counts, 1, total);
    Atomics.store(this.#counts, 0, done);
  }

  get done(): number {
    return Atomics.load(this.#counts, 0);
  }

  /** 0 while unknown. */
  get total(): number {
    return Atomics.load(this.#counts, 1);
  }
}
