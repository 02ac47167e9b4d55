import {
  encodePublicKey,
  publicKeyLine,
  type KeysAnswer,
  type PublicKey,
} from '@btf-depot/contracts';
import { DepotError } from '@btf-depot/depot';
import { onlyMethods } from '@btf-depot/service-kit';
import { Router } from 'express';

/**
 * `GET /v1/keys`, and each key as a file. Whoever takes a key from the depot that it is to check
 * trusts the connection of that moment; a key that came another way is worth more.
 */
export function keyRoutes(keys: readonly PublicKey[]): Router {
  const router = Router();
  const fileOf = ({ number }: PublicKey) => `${number}.pub`;
  const list = router.route('/v1/keys');
  list.get((_request, response) => {
    const answer: KeysAnswer = {
      keys: keys.map((key) => ({
        number: key.number,
        publicKey: publicKeyLine(key),
        file: `/v1/keys/${fileOf(key)}`,
      })),
    };
    response.setHeader('Cache-Control', 'no-cache');
    response.json(answer);
  });
  list.all(onlyMethods('GET, HEAD'));
  const one = router.route('/v1/keys/:file');
  one.get((request, response) => {
    const key = keys.find((known) => fileOf(known) === request.params.file);
    if (!key) throw new DepotError('unknown-key', 'GET /v1/keys lists those that there are');
    response.setHeader('Cache-Control', 'no-cache');
    response.type('text/plain').send(encodePublicKey(key));
  });
  one.all(onlyMethods('GET, HEAD'));
  return router;
}
