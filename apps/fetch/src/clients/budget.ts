import { DepotError } from '@btf-depot/depot';
import { clientOf } from '@btf-depot/service-kit';
import type { Request } from 'express';
import { LRUCache } from 'lru-cache';

/** Clients that are remembered; whoever was not heard of for longest begins anew. */
const MAX_CLIENTS = 16_384;

const MINUTE = 60_000;

/** What an answer costs that is not in memory; a resolution costs 1 for each name. */
export const COSTS = { variable: 1, page: 10, merge: 50 } as const;

/** What each client may have computed: so much a minute, and as much at once after a pause. */
export class Budget {
  readonly #perMinute: number;
  readonly #clients = new LRUCache<string, { left: number; at: number }>({ max: MAX_CLIENTS });

  /** @param perMinute 0: as much as anyone likes. */
  constructor(perMinute: number) {
    this.#perMinute = perMinute;
  }

  /**
   * @param cost 1 is an answer about one variable.
   * @throws DepotError `budget-spent`, with the seconds until there is enough again.
   */
  spend(request: Pick<Request, 'ip'>, cost: number): void {
    if (this.#perMinute === 0) return;
    const client = clientOf(request);
    const now = performance.now();
    const known = this.#clients.get(client) ?? { left: this.#perMinute, at: now };
    const earned = ((now - known.at) / MINUTE) * this.#perMinute;
    const left = Math.min(known.left + earned, this.#perMinute);
    // Nobody is refused for ever: with all of the budget, anything can be asked.
    const price = Math.min(cost, this.#perMinute);
    const isEnough = left >= price;
    this.#clients.set(client, { left: isEnough ? left - price : left, at: now });
    if (isEnough) return;
    const retryAfter = Math.ceil(((price - left) / this.#perMinute) * 60);
    throw new DepotError('budget-spent', `ask again in ${retryAfter} s`, {
      members: { retryAfter },
    });
  }
}
