import { timingSafeEqual } from 'node:crypto';
import type { Scope, Token } from '@btf-depot/contracts';
import { DepotError } from '../errors.ts';
import { requireScope, type Actor } from '../ownership/ownership.ts';
import type { Clock } from '../ports/clock.ts';
import type { TokenStore } from '../ports/token-store.ts';
import { parseToken } from './create-token.ts';

/** Who asks, once the token was found to be valid. */
export interface TokenHolder extends Actor {
  readonly id: string;
  readonly name: string;
  /** Days for which what it sends is kept; absent: for ever. */
  readonly keepDays?: number | undefined;
  /** Bytes that what it sends may take in the store; absent: no limit. */
  readonly storage?: number | undefined;
  /** @throws DepotError `forbidden` unless the token is for this at all; see judgeUpload. */
  require(scope: Scope): void;
}

/** Tokens that are kept in memory at most. */
const MAX_CACHED = 10_000;

/**
 * Knows tokens by the text that is sent. What the store says of a token is kept for `maxAge`
 * milliseconds: a token that is revoked is good for so much longer.
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
    // One answer for every token that is none: which ones there are is nobody's business.
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
    // A clock that was set back must not make it live longer.
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
