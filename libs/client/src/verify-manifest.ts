import {
  BadKey,
  decodeSignature,
  parseManifest,
  type Manifest,
  type PublicKey,
} from '@btf-depot/contracts';
import { ProblemError } from './problem-error.ts';

/**
 * The content of a manifest for this kernel.
 * @throws ProblemError `bad-manifest`, `foreign-manifest`.
 */
export function readManifest(bytes: Uint8Array, buildId: string): Manifest {
  let manifest: Manifest;
  try {
    manifest = parseManifest(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw refusal('bad-manifest', error instanceof Error ? error.message : String(error));
  }
  if (manifest.buildId === buildId) return manifest;
  throw refusal('foreign-manifest', `it is the manifest of ${manifest.buildId}, not of ${buildId}`);
}

/**
 * @param signatureFile text of `manifest.sig` or `manifest.minisig`.
 * @throws ProblemError `bad-signature`.
 */
export async function checkSignature(
  manifest: Uint8Array<ArrayBuffer>,
  signatureFile: string,
  { number, bytes }: PublicKey,
): Promise<void> {
  let signature: Uint8Array<ArrayBuffer>;
  try {
    signature = decodeSignature(signatureFile).bytes;
  } catch (error) {
    if (!(error instanceof BadKey)) throw error;
    throw refusal('bad-signature', error.message);
  }
  const key = await crypto.subtle.importKey('raw', bytes, 'Ed25519', false, ['verify']);
  if (await crypto.subtle.verify('Ed25519', key, signature, manifest)) return;
  throw refusal('bad-signature', `it does not verify with key ${number}`);
}

const TITLES = {
  'bad-manifest': 'The manifest is malformed',
  'foreign-manifest': 'The manifest belongs to another kernel',
  'bad-signature': "The manifest's signature is wrong",
  'not-signed': 'No trusted key signed the manifest',
  'not-in-manifest': 'The manifest does not name this artifact with these bytes',
  'old-revision': 'The manifest has an earlier revision than required',
  'too-large': 'The depot names more bytes than an artifact can have',
};

/** The depot's data is not trusted. */
export function refusal(code: keyof typeof TITLES, detail: string): ProblemError {
  return new ProblemError({ code, status: 0, title: TITLES[code], detail });
}
