import { createPublicKey, verify, type KeyObject } from 'node:crypto';
import {
  BadKey,
  claimedArtifacts,
  decodeMinisig,
  decodeSignature,
  isSignatureName,
  parseManifest,
  partOf,
  PARTS,
  PUBLISHED_PARTS,
  type KernelRecord,
  type Manifest,
  type PublicKey,
} from '@btf-depot/contracts';
import { DepotError } from '../errors.ts';
import type { OfferedCopy } from '../ports/upstream.ts';
import type { SignatureFile } from './sign-manifest.ts';

/** Bytes: far more than a manifest, and a signature's file, have. */
const MOST_MANIFEST = 2 ** 20;
const MOST_SIGNATURE = 4096;

/** The manifest of a kernel in another depot. */
export interface SignedManifest {
  /** Its SHA-256. */
  manifest: string;
  /** By trusted keys. */
  signatures: SignatureFile[];
}

/**
 * Checks that a trusted key signed what another depot offers: the manifest, and that the record has
 * its core, its parts and its claims.
 *
 * @throws DepotError `not-signed`.
 */
export async function checkSigned(
  { record, blob }: OfferedCopy,
  keys: readonly PublicKey[],
): Promise<SignedManifest> {
  const { buildId, artifacts } = record;
  const manifest = Object.hasOwn(artifacts, 'manifest') ? artifacts.manifest : undefined;
  if (!manifest || manifest.size > MOST_MANIFEST) {
    throw new DepotError('not-signed', `${buildId} has no manifest there`);
  }
  const text = await blob(manifest);
  const trusted = keys.map(keyObject);
  const signatures: SignatureFile[] = [];
  for (const [name, { sha256, size }] of Object.entries(artifacts)) {
    if (!isSignatureName(name) || size > MOST_SIGNATURE) continue;
    const bytes = await blob({ sha256, size });
    if (trusted.some((key) => isBy(key, name, bytes, text)))
      signatures.push({ name, bytes, sha256 });
  }
  if (signatures.length === 0) {
    const numbers = keys.map(({ number }) => number).join(', ');
    throw new DepotError(
      'not-signed',
      `the manifest of ${buildId} is signed by none of ${numbers}`,
    );
  }
  const difference = differenceOf(record, parsed(text));
  if (difference === undefined) return { manifest: manifest.sha256, signatures };
  throw new DepotError(
    'not-signed',
    `the record of ${buildId} has ${difference} than its manifest`,
  );
}

function parsed(text: Uint8Array): Manifest {
  try {
    return parseManifest(new TextDecoder().decode(text));
  } catch (error) {
    throw new DepotError('not-signed', `its manifest is malformed: ${(error as Error).message}`);
  }
}

/** Parts without an artifact of their own are inside of carriers, and not in a manifest. */
function differenceOf(record: KernelRecord, manifest: Manifest): string | undefined {
  if (record.buildId !== manifest.buildId) return 'another build ID';
  if (record.revision !== manifest.revision) return 'another revision';
  if (record.core.sha256 !== manifest.core.sha256) return 'another core';
  const claimed = claimedArtifacts(record).filter((name) => manifest.artifacts.has(name));
  if (claimed.sort().join(' ') !== [...(manifest.claimed ?? [])].sort().join(' ')) {
    return 'other claims';
  }
  const other = PUBLISHED_PARTS.find((name) => {
    const part = partOf(record, name);
    return part && manifest.artifacts.get(PARTS[name].artifact.name)?.sha256 !== part.sha256;
  });
  return other === undefined ? undefined : `other ${other}`;
}

/** DER of an Ed25519 public key (RFC 8410) up to its 32 bytes. */
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');

function keyObject({ bytes }: PublicKey): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI, bytes]), format: 'der', type: 'spki' });
}

function isBy(key: KeyObject, name: string, file: Uint8Array, text: Uint8Array): boolean {
  const content = new TextDecoder().decode(file);
  try {
    const signature = decodeSignature(content).bytes;
    if (!verify(null, text, key, signature)) return false;
    if (!name.endsWith('.minisig')) return true;
    const { trusted, global } = decodeMinisig(content);
    return verify(null, Buffer.concat([signature, Buffer.from(trusted)]), key, global);
  } catch (error) {
    if (error instanceof BadKey) return false;
    throw error;
  }
}
