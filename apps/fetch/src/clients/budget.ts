import { DepotError } from '@btf-depot/depot';
import { clientOf } from '@btf-depot/service-kit';
import type { Request } from 'express';
import { LRUCache } from 'lru-cache';

/** Remembered clients; the one silent for longest starts again. */
const MAX_CLIENTS = 16_384;

const MINUTE = 60_000;

/**
 * Each client's budget of computation: so much a minute, and as much at once after a pause. The
 * least price of a route is its `price` in libs/contracts/src/routes.
 */
export class Budget {
  readonly #perMinute: number;
  readonly #clients = new LRUCache<string, { left: number; at: number }>({ max: MAX_CLIENTS });

  /** @param perMinute 0: no limit. */
  constructor(perMinute: number) {
    this.#perMinute = perMinute;
  }

  /**
   * Charges the price of an answer before it is computed.
   *
   * @param cost 1 is an answer about one variable.
   * @throws DepotError `budget-spent`, with the seconds until there is enough again.
   */
  spend(request: Pick<Request, 'ip'>, cost: number): void {
    if (this.#perMinute === 0) return;
    const client = clientOf(request);
    const now = performance.now();
    const left = this.#leftOf(client, now);
    // Nobody is refused for ever: a full budget pays for anything.
    const price = Math.min(cost, this.#perMinute);
    const isEnough = left >= price;
    this.#clients.set(client, { left: isEnough ? left - price : left, at: now });
    if (isEnough) return;
    const retryAfter = Math.ceil(((price - left) / this.#perMinute) * 60);
    throw new DepotError(
      'budget-spent',
      `the budget of this client for this minute is spent; retry in ${retryAfter} s`,
      {
        members: { retryAfter },
      },
    );
  }
  /**
   * Charges the known cost of an answer: 1 for each millisecond of the processor. The excess is a
   * debt of at most a minute's budget.
   */
  charge(client: string, took: number): void {
    if (this.#perMinute === 0) return;
    const now = performance.now();
    const left = Math.max(this.#leftOf(client, now) - took, -this.#perMinute);
    this.#clients.set(client, { left, at: now });
  }

  #leftOf(client: string, now: number): number {
    const known = this.#clients.get(client) ?? { left: this.#perMinute, at: now };
    const earned = ((now - known.at) / MINUTE) * this.#perMinute;
    return Math.min(known.left + earned, this.#perMinute);
  }
}
