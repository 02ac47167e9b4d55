import {
  encodeMinisig,
  encodeSignature,
  parseManifest,
  signatureName,
  type SignatureName,
} from '@btf-depot/contracts';
import { sha256Of } from '../sha256.ts';
import type { SigningKey } from './secret-key.ts';

export interface SignatureFile {
  name: SignatureName;
  bytes: Uint8Array;
  sha256: string;
}

const encoder = new TextEncoder();

/**
 * The signature files of a manifest: one for each key under the key's number, and those of the
 * first key under the plain names, for clients with one key. The same input gives the same bytes.
 */
export function signManifest(manifest: Uint8Array, keys: readonly SigningKey[]): SignatureFile[] {
  if (keys.length === 0) return [];
  const { buildId, revision } = parseManifest(new TextDecoder().decode(manifest));
  const about = `btf-depot manifest of ${buildId}, revision ${revision}`;
  return keys.flatMap((key, index) => {
    const { number } = key.publicKey;
    const signature = { number, bytes: key.sign(manifest) };
    const comment = `${about}, signed with key ${number}`;
    const global = key.sign(Buffer.concat([signature.bytes, encoder.encode(about)]));
    const sig = encoder.encode(encodeSignature(signature, comment));
    const minisig = encoder.encode(encodeMinisig(signature, comment, about, global));
    const names = index === 0 ? [undefined, number] : [number];
    return names.flatMap((name) => [
      { name: signatureName('sig', name), bytes: sig, sha256: sha256Of(sig) },
      { name: signatureName('minisig', name), bytes: minisig, sha256: sha256Of(minisig) },
    ]);
  });
}
