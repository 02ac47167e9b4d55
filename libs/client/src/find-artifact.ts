import {
  carrierReason,
  isSignatureName,
  partBehind,
  partSpec,
  signatureName,
  type ArtifactEntry,
  type KernelRecord,
  type Manifest,
  type PublicKey,
} from '@btf-depot/contracts';
import { checkDigest, type WantedBlob } from './blob-stream.ts';
import { ProblemError } from './problem-error.ts';
import { checkSignature, readManifest, refusal } from './verify-manifest.ts';

/** Largest blob, in bytes; and a generous limit for a manifest and a signature. */
const MAX_BLOB = 64 * 2 ** 20;
const MAX_MANIFEST = 2 ** 20;
const MAX_SIGNATURE = 4096;

export interface ArtifactOptions {
  /** An earlier revision is refused: an outdated manifest may be served again. */
  leastRevision?: number;
  signal?: AbortSignal;
}

/** The manifest's entry for an artifact. */
export interface FoundArtifact {
  entry: ArtifactEntry;
  manifest: Manifest;
}

/** The bytes of a blob, not verified. */
export type BlobReader = (wanted: WantedBlob, signal?: AbortSignal) => AsyncIterable<Uint8Array>;

/**
 * The manifest's entry for an artifact. Manifest and signature are requested by the hashes of one
 * record, so a simultaneous new revision is never mixed in.
 *
 * @param record from the depot, not trusted.
 * @param keys at least one must have signed the manifest; none: no signature is needed.
 */
export async function findArtifact(
  record: KernelRecord,
  { buildId, name }: { buildId: string; name: string },
  blobs: BlobReader,
  keys: readonly PublicKey[],
  { leastRevision = 0, signal }: ArtifactOptions,
): Promise<FoundArtifact> {
  const named = entryOf(record, name);
  const text = await wholeBlob(blobs, entryOf(record, 'manifest'), signal, MAX_MANIFEST);
  if (keys.length > 0) await checkSigned(record, text, blobs, keys, signal);
  const manifest = readManifest(text, buildId);
  if (manifest.revision < leastRevision) {
    throw refusal('old-revision', `revision ${manifest.revision} of ${buildId}`);
  }
  const vouched = manifest.artifacts.get(name);
  if (vouched) return { manifest, entry: { ...named, ...vouched } };
  // The manifest does not list itself and its signatures.
  if (keys.length > 0 && name !== 'manifest' && !isSignatureName(name)) {
    throw refusal('not-in-manifest', `${name} of ${buildId}`);
  }
  return { manifest, entry: named };
}

/** A blob in memory, verified. @throws ProblemError `too-large`, `digest-mismatch`. */
export async function wholeBlob(
  blobs: BlobReader,
  { sha256, size }: WantedBlob,
  signal?: AbortSignal,
  limit = MAX_BLOB,
): Promise<Uint8Array<ArrayBuffer>> {
  if (size > limit) throw refusal('too-large', `${size} bytes`);
  const bytes = new Uint8Array(size);
  let at = 0;
  for await (const chunk of blobs({ sha256, size }, signal)) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  await checkDigest(bytes, sha256);
  return bytes;
}

async function checkSigned(
  { buildId, artifacts }: KernelRecord,
  manifest: Uint8Array<ArrayBuffer>,
  blobs: BlobReader,
  keys: readonly PublicKey[],
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const key of keys) {
    const name = signatureName('sig', key.number);
    if (!Object.hasOwn(artifacts, name)) continue;
    const signature = await wholeBlob(blobs, artifacts[name], signal, MAX_SIGNATURE);
    await checkSignature(manifest, new TextDecoder().decode(signature), key);
    return;
  }
  const numbers = keys.map(({ number }) => number).join(', ');
  throw refusal('not-signed', `no key of ${numbers} signed the manifest of ${buildId}`);
}

function entryOf(record: KernelRecord, name: string): ArtifactEntry {
  const { buildId, artifacts, state } = record;
  if (Object.hasOwn(artifacts, name)) return artifacts[name];
  const there = Object.keys(artifacts).join(', ') || 'none yet';
  throw new ProblemError({
    code: state === 'compressing' ? 'pending' : 'unknown-artifact',
    status: 404,
    title: 'There is no artifact of this name',
    detail: `${buildId} has no ${name} (${state}${reasonOf(record, name)}); it has: ${there}`,
  });
}

/** Why a ready kernel lacks an artifact, if a missing part explains it. */
function reasonOf({ state, carrier }: KernelRecord, name: string): string {
  const part = state === 'ready' ? partBehind(name) : undefined;
  const miss = part && partSpec(part).miss;
  if (!miss) return '';
  if (miss.because !== 'carrier') return `: no upload contained ${miss.what}`;
  return carrier?.why === undefined ? '' : `: ${carrierReason(carrier.why)}`;
}
