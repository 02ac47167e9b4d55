import {
  encodePublicKey,
  publicKeyLine,
  type KeysAnswer,
  type PublicKey,
} from '@btf-depot/contracts';
import { DepotError } from '@btf-depot/depot';
import type { FetchHandlers } from './handlers.ts';

/**
 * The depot's keys, and each as a file. A client that takes a key from the depot trusts the
 * connection of that moment; a key from elsewhere is better.
 */
export function keyHandlers(keys: readonly PublicKey[]): Pick<FetchHandlers, 'keys' | 'key'> {
  const fileOf = ({ number }: PublicKey) => `${number}.pub`;
  return {
    keys({ response }) {
      const answer: KeysAnswer = {
        keys: keys.map((key) => ({
          number: key.number,
          publicKey: publicKeyLine(key),
          file: `/v1/keys/${fileOf(key)}`,
        })),
      };
      response.setHeader('Cache-Control', 'no-cache');
      response.json(answer);
    },
    key({ response, params: { file } }) {
      const key = keys.find((known) => fileOf(known) === file);
      if (!key)
        throw new DepotError(
          'unknown-key',
          'no public key has this number; GET /v1/keys lists all',
        );
      response.setHeader('Cache-Control', 'no-cache');
      response.type('text/plain').send(encodePublicKey(key));
    },
  };
}
