import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Token } from '@btf-depot/contracts';
import type { TokenStore } from '@btf-depot/depot';
import { encodeToken, readToken, tokenKey, TOKENS } from '../token-bytes.ts';
import { asStore, replaceFile, unlessMissing } from './durable.ts';

/** Tokens as files `tokens/<id>.json`. */
export class FsTokenStore implements TokenStore {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  async get(id: string): Promise<Token | undefined> {
    const key = tokenKey(id);
    if (key === undefined) return undefined;
    return asStore(`read token ${id}`, async () => {
      const bytes = await unlessMissing(() => readFile(join(this.#root, key)));
      return bytes && readToken(key, bytes);
    });
  }

  async put(token: Token): Promise<void> {
    const key = tokenKey(token.id);
    if (key === undefined) throw new RangeError('this is not the ID of a token');
    await asStore(`write token ${token.id}`, async () => {
      await mkdir(join(this.#root, TOKENS), { recursive: true });
      await replaceFile(this.#root, key, encodeToken(token));
    });
  }

  async *list(): AsyncIterable<Token> {
    const names = await asStore('list the tokens', () =>
      unlessMissing(() => readdir(join(this.#root, TOKENS))),
    );
    for (const name of names ?? []) {
      const token = await this.get(name.replace(/\.json$/, ''));
      if (token) yield token;
    }
  }
}
