import { DepotError } from '@btf-depot/depot';

/**
 * So many at one time, the others in the order in which they came. In front of Piscina, whose own
 * queue stands still when its last thread is ended with a task (5.3).
 */
export class Seats {
  readonly #waiting: (() => void)[] = [];
  readonly #most: number;
  #free: number;

  /** @param most that may wait before `checkRoom` refuses. */
  constructor(seats: number, most: number) {
    this.#free = seats;
    this.#most = most;
  }

  /** That nobody has or waits for. */
  get free(): number {
    return this.#free;
  }

  /** @throws DepotError `busy` where so many wait that no more should come. */
  checkRoom(): void {
    if (this.#free > 0 || this.#waiting.length < this.#most) return;
    throw new DepotError(
      'busy',
      `${this.#waiting.length} files wait for a thread, try again later`,
    );
  }

  /**
   * Resolves when there is a seat, with what gives it back.
   * @throws the signal's reason as soon as it is aborted.
   */
  async take(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#free > 0) this.#free--;
    else await this.#turn(signal);
    return () => this.#leave();
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const sit = () => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = () => {
        this.#waiting.splice(this.#waiting.indexOf(sit), 1);
        reject(signal.reason as Error);
      };
      this.#waiting.push(sit);
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }

  /** A seat goes from hand to hand, so that nobody who comes meanwhile takes it. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#free++;
  }
}
