import { randomBytes } from 'node:crypto';
import { withoutUndefined, type Loose, type Token } from '@btf-depot/contracts';
import { sha256Of } from '../sha256.ts';

export type NewToken = Pick<
  Token,
  | 'name'
  | 'scopes'
  | 'owner'
  | 'distro'
  | 'buildIdPrefix'
  | 'keepDays'
  | 'storage'
  | 'createdAt'
  | 'expiresAt'
>;

/**
 * Makes a token: the text for its holder, which is not stored, and the stored entry. The text is
 * `btfd_ID_SECRET`, so that scanners for leaked secrets recognise it.
 */
export function createToken(options: Loose<NewToken>): { text: string; token: Token } {
  const id = randomBytes(8).toString('hex');
  const secret = randomBytes(32).toString('hex');
  return {
    text: `btfd_${id}_${secret}`,
    token: withoutUndefined({ schema: 1, id, secretSha256: hashOfSecret(secret), ...options }),
  };
}

/** @returns undefined if the text is not a token. */
export function parseToken(text: string): { id: string; secretSha256: string } | undefined {
  const [, id, secret] = /^btfd_([0-9a-f]{16})_([0-9a-f]{64})$/.exec(text) ?? [];
  if (id === undefined || secret === undefined) return undefined;
  return { id, secretSha256: hashOfSecret(secret) };
}

function hashOfSecret(secret: string): string {
  return sha256Of(new TextEncoder().encode(secret));
}
