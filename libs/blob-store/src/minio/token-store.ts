import type { Token } from '@btf-depot/contracts';
import type { TokenStore } from '@btf-depot/depot';
import { encodeToken, readToken, tokenKey, TOKENS } from '../token-bytes.ts';
import type { Bucket } from './bucket.ts';

/** Tokens as objects `tokens/<id>.json`. */
export class MinioTokenStore implements TokenStore {
  readonly #bucket: Bucket;

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  async get(id: string): Promise<Token | undefined> {
    const key = tokenKey(id);
    if (key === undefined) return undefined;
    const found = await this.#bucket.get(key);
    return found && readToken(key, found.bytes);
  }

  async put(token: Token): Promise<void> {
    const key = tokenKey(token.id);
    if (key === undefined) throw new RangeError('this is not the ID of a token');
    await this.#bucket.put(key, encodeToken(token), {});
  }

  async *list(): AsyncIterable<Token> {
    for await (const { key } of this.#bucket.list(`${TOKENS}/`)) {
      const token = await this.get(key.slice(TOKENS.length + 1).replace(/\.json$/, ''));
      if (token) yield token;
    }
  }
}
