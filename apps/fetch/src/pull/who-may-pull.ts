import type { IncomingHttpHeaders } from 'node:http';
import type { TokenGuard } from '@btf-depot/depot';
import { clientOf, isLoopback } from '@btf-depot/service-kit';
import type { Request } from 'express';
import { LRUCache } from 'lru-cache';

const HOUR = 3_600_000;
const MAX_CLIENTS = 16_384;

/**
 * Decides whether a request may have something fetched: one from this machine, one with a token of
 * scope `pull`, and of anyone else a few an hour. A page of another origin cannot: what a browser
 * is led to ask is not its user's wish.
 */
export class WhoMayPull {
  readonly #guard: TokenGuard | undefined;
  readonly #perHour: number;
  readonly #begun = new LRUCache<string, { count: number }>({ max: MAX_CLIENTS, ttl: HOUR });

  /** @param perHour kernels that a client may have fetched in an hour; 0: none. */
  constructor(guard: TokenGuard | undefined, perHour: number) {
    this.#guard = guard;
    this.#perHour = perHour;
  }

  /** Counts one for the client, if it has to be counted. */
  async may(request: Request): Promise<boolean> {
    if (isOfOtherPage(request.headers)) return false;
    if (isOfThisMachine(request) || (await this.#hasToken(request))) return true;
    const client = clientOf(request);
    const begun = this.#begun.get(client) ?? { count: 0 };
    if (begun.count >= this.#perHour) return false;
    begun.count++;
    if (begun.count === 1) this.#begun.set(client, begun);
    return true;
  }

  async #hasToken({ headers }: Request): Promise<boolean> {
    if (!this.#guard || headers.authorization === undefined) return false;
    try {
      (await this.#guard.authenticate(headers.authorization)).require('pull');
      return true;
    } catch {
      return false;
    }
  }
}

/** What a proxy of this machine passes on is not of this machine. */
function isOfThisMachine({ ip = '', headers }: Request): boolean {
  const isForwarded = headers['x-forwarded-for'] ?? headers.forwarded;
  return isForwarded === undefined && isLoopback(ip.replace(/^::ffff:/i, ''));
}

/** Browsers say so of themselves; what says nothing is a program. */
function isOfOtherPage(headers: IncomingHttpHeaders): boolean {
  const { origin, host = '', 'sec-fetch-site': site } = headers;
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  return origin !== undefined && URL.parse(origin)?.host !== host;
}
