import { timingSafeEqual } from 'node:crypto';
import type { Scope, Token } from '@btf-depot/contracts';
import { DepotError } from '../errors.ts';
import { requireScope, type Actor } from '../ownership/ownership.ts';
import type { Clock } from '../ports/clock.ts';
import type { TokenStore } from '../ports/token-store.ts';
import { parseToken } from './create-token.ts';

/** The holder of a valid token. */
export interface TokenHolder extends Actor {
  readonly id: string;
  readonly name: string;
  /** Days to keep kernels sent with it; absent: for ever. */
  readonly keepDays?: number | undefined;
  /** Most bytes of the kernels that it sent first; absent: no limit. */
  readonly storage?: number | undefined;
  /** @throws DepotError `forbidden` unless the token has the scope; see judgeUpload. */
  require(scope: Scope): void;
}

/** Most tokens kept in memory. */
const MAX_CACHED = 10_000;

/**
 * Finds the token of a request. The store's entry is kept for `maxAge` milliseconds: a revoked
 * token works for so much longer.
 */
export class TokenGuard {
  readonly #store: TokenStore;
  readonly #clock: Clock;
  readonly #maxAge: number;
  readonly #cache = new Map<string, { token: Token | undefined; until: number }>();

  constructor(store: TokenStore, clock: Clock, maxAge: number) {
    this.#store = store;
    this.#clock = clock;
    this.#maxAge = maxAge;
  }

  /**
   * @param authorization the header of a request: `Bearer btfd_…`.
   * @throws DepotError `unauthorized` without a token, or with one that is unknown, expired or revoked.
   */
  async authenticate(authorization: string | undefined): Promise<TokenHolder> {
    const text = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
    if (text === undefined)
      throw new DepotError('unauthorized', 'send Authorization: Bearer TOKEN');
    const given = parseToken(text);
    const token = given && (await this.#find(given.id));
    // One answer for every invalid token, so that nobody learns which tokens exist.
    const unknown = new DepotError('unauthorized', 'the token is not valid');
    if (!token || !isEqual(token.secretSha256, given.secretSha256)) throw unknown;
    if (token.revokedAt !== undefined)
      throw new DepotError('unauthorized', 'the token was revoked');
    if (token.expiresAt !== undefined && this.#clock.now() >= new Date(token.expiresAt)) {
      throw new DepotError('unauthorized', `the token expired at ${token.expiresAt}`);
    }
    const { id, name, owner = id, scopes, distro, buildIdPrefix, keepDays, storage } = token;
    return {
      id,
      name,
      principal: owner,
      scopes,
      distro,
      buildIdPrefix,
      keepDays,
      storage,
      require: (scope) => {
        requireScope(token, scope);
      },
    };
  }

  async #find(id: string): Promise<Token | undefined> {
    const now = this.#clock.now().getTime();
    const cached = this.#cache.get(id);
    // A clock that is set back must not extend its life.
    if (cached && cached.until > now && cached.until <= now + this.#maxAge) return cached.token;
    const token = await this.#store.get(id);
    if (this.#cache.size >= MAX_CACHED) this.#cache.clear();
    this.#cache.set(id, { token, until: now + this.#maxAge });
    return token;
  }
}

function isEqual(one: string, other: string): boolean {
  return timingSafeEqual(Buffer.from(one, 'hex'), Buffer.from(other, 'hex'));
}
