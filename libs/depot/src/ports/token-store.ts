import type { Token } from '@btf-depot/contracts';

/** Tokens by their ID. Few: a listing reads them all. */
export interface TokenStore {
  get(id: string): Promise<Token | undefined>;
  /** Resolves once the token is durable; replaces one of the same ID. */
  put(token: Token): Promise<void>;
  list(): AsyncIterable<Token>;
}
