import { tokenSchema, type Token } from '@btf-depot/contracts';
import { StoreUnavailable } from './errors.ts';

export const TOKENS = 'tokens';

/** @param id 16 hexadecimal digits: others name no token, and become no path. */
export function tokenKey(id: string): string | undefined {
  return /^[0-9a-f]{16}$/.test(id) ? `${TOKENS}/${id}.json` : undefined;
}

export function encodeToken(token: Token): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(token, null, 1)}\n`);
}

/** @throws StoreUnavailable that names the token, if the bytes are not a token. */
export function readToken(key: string, bytes: Uint8Array): Token {
  try {
    return tokenSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (cause) {
    throw new StoreUnavailable(`${key} is malformed`, { cause });
  }
}
