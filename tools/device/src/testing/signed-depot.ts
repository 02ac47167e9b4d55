import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeMinisig, encodePublicKey, encodeSignature } from '@btf-depot/contracts';
import { createSecretKey, openSecretKey, type SigningKey } from '@btf-depot/depot';
import { btfdepot, startDepot } from '@btf-depot/testing/processes';
import { TemporaryFolder } from '@btf-depot/testing/temporary-folder';
import { send, startFaultyDepot, type Fault, type FaultyDepot } from './faulty-depot.ts';

const secretKey = createSecretKey();
const key = openSecretKey(secretKey);

/** The file of the public key with which these depots sign. */
export const PUBLIC_KEY = encodePublicKey(key.publicKey);

/** The name of its file: the depot has it as `/v1/keys/NUMBER.pub`. */
export const KEY_NUMBER = key.publicKey.number;

/** An embedded depot that signs, behind one that can do harm. */
export interface SignedDepot extends FaultyDepot {
  /** A file of the depot, by its path. */
  get(path: string): Promise<Buffer>;
}

/** @param push what to send to it first: files, and options of `btfdepot push`. */
export async function startSignedDepot(...push: string[]): Promise<SignedDepot> {
  const temporary = new TemporaryFolder();
  const folder = temporary.path;
  await writeFile(join(folder, 'depot.sec'), secretKey, { mode: 0o600 });
  const server = await startDepot(join(folder, 'data'), {
    BTFDEPOT_SIGNING_KEYS: join(folder, 'depot.sec'),
  });
  const { url } = server;
  const sent = await btfdepot(['push', '--url', url, ...push], folder);
  if (sent.code !== 0) throw new Error(sent.output);
  const depot = await startFaultyDepot(url);
  return {
    ...depot,
    async get(path) {
      const answer = await fetch(url + path);
      if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
      return Buffer.from(await answer.arrayBuffer());
    },
    async close() {
      await depot.close();
      await server.stop();
      temporary[Symbol.dispose]();
    },
  };
}

/** A signature for a manifest, with the depot's key or another. */
export function signed(text: string, by = key): Fault {
  return ({ url = '' }, response) => {
    const [, form] = /\/manifest(?:\.(sig|minisig))?$/.exec(url) ?? [undefined, 'none'];
    if (form === 'none') return false;
    return send(response, form === undefined ? text : signatureFile(form, text, by));
  };
}

function signatureFile(form: string, text: string, by: SigningKey): string {
  const signature = { number: by.publicKey.number, bytes: by.sign(Buffer.from(text)) };
  if (form === 'sig') return encodeSignature(signature, 'made by a test');
  const trusted = 'made by a test';
  const global = by.sign(Buffer.concat([signature.bytes, Buffer.from(trusted)]));
  return encodeMinisig(signature, trusted, trusted, global);
}
