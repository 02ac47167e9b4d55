import { DepotClient } from '@btf-depot/client';
import { decodePublicKey, type PublicKey } from '@btf-depot/contracts';
import { DEPOT } from '../address.ts';
import { keptToken } from '../token.ts';

export interface Trusted {
  /** Accepts only manifests that one of the keys signed. */
  trusted: DepotClient;
  /** None: this depot signs nothing. */
  keys: readonly PublicKey[];
}

let asked: Promise<Trusted> | undefined;

/** A client that checks signatures with the depot's own keys, which it requests once. */
export function trustedClient(client: DepotClient): Promise<Trusted> {
  asked ??= client.keys().then(({ keys: given }) => {
    const keys = given.map(({ publicKey }) => decodePublicKey(publicKey));
    const token = keptToken();
    const options = { keys, token };
    return { trusted: new DepotClient(DEPOT, options), keys };
  });
  return asked;
}
