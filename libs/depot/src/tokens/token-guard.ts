import { timingSafeEqual } from 'node:crypto';
import type { Scope, Token } from '@btf-depot/contracts';
import { DepotError } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { TokenStore } from '../ports/token-store.ts';
import { parseToken } from './create-token.ts';

/** Build ID, and what is known of its distribution from the record or the upload. */
export interface Subject {
  buildId: string;
  distro?: string;
}

/** Who asks, once the token was found to be valid. */
export interface TokenHolder {
  readonly id: string;
  readonly name: string;
  /** As whom it acts: all tokens of one farm have the same. */
  readonly principal: string;
  /** Days for which what it sends is kept; absent: for ever. */
  readonly keepDays?: number;
  /** Bytes that what it sends may take in the store; absent: no limit. */
  readonly storage?: number;
  /** @throws DepotError `forbidden` unless the token is for this, at all and with this kernel. */
  require(scope: Scope, subject?: Subject): void;
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
    const { id, name, owner = id, keepDays, storage } = token;
    return {
      id,
      name,
      principal: owner,
      ...(keepDays !== undefined && { keepDays }),
      ...(storage !== undefined && { storage }),
      require: (scope, subject) => requireScope(token, scope, subject),
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

function requireScope(token: Token, scope: Scope, subject: Subject | undefined): void {
  if (!token.scopes.includes(scope) && !token.scopes.includes('admin')) {
    throw new DepotError('forbidden', `the token is for ${token.scopes.join(', ')}, not ${scope}`);
  }
  if (!subject) return;
  const { distro, buildIdPrefix = '' } = token;
  if (!subject.buildId.startsWith(buildIdPrefix)) {
    throw new DepotError('forbidden', `the token is for build IDs ${buildIdPrefix}…`);
  }
  if (distro !== undefined && subject.distro !== distro) {
    throw new DepotError(
      'forbidden',
      `the token is for kernels of ${distro}: say distro=${distro}`,
    );
  }
}

function isEqual(one: string, other: string): boolean {
  return timingSafeEqual(Buffer.from(one, 'hex'), Buffer.from(other, 'hex'));
}
