import { isSignatureName, mediaTypeOf, type KernelRecord } from '@btf-depot/contracts';
import { DepotError, unknownKernel } from '../errors.ts';
import type { BlobStore } from '../ports/blob-store.ts';
import type { RecordStore } from '../ports/record-store.ts';
import { updateRecord } from '../record/update-record.ts';
import { countersignatures } from './countersignatures.ts';
import type { SigningKey } from './secret-key.ts';
import { signManifest, type SignatureFile } from './sign-manifest.ts';

/** Another process may replace the manifest, but not so often within one run. */
const TRIES = 5;

/**
 * Signs the published manifest of a kernel with these keys, replacing its signatures; without keys,
 * removes them. The revision stays, since the signed bytes do.
 *
 * @returns false if it has these signatures already, or no manifest.
 * @throws DepotError `unknown-build-id`, `unknown-blob`, `newer-schema`.
 */
export async function resign(
  { blobs, records }: { blobs: BlobStore; records: RecordStore },
  buildId: string,
  keys: readonly SigningKey[],
): Promise<boolean> {
  for (let tries = 1; ; tries++) {
    const record = (await records.get(buildId))?.record;
    if (!record) throw unknownKernel(buildId);
    const sha256 = manifestHash(record);
    if (sha256 === undefined) return false;
    const text = await blobs.get(sha256);
    // If the record has changed since, its manifest may have been collected.
    if (!text && tries < TRIES) continue;
    if (!text)
      throw new DepotError('unknown-blob', `the store has lost the manifest of ${buildId}`);
    const signatures = signManifest(text, keys);
    for (const { sha256, bytes } of signatures) await blobs.replace(sha256, bytes);
    const { record: now, written } = await updateRecord(records, buildId, (current) => {
      if (!current || manifestHash(current) !== sha256) return undefined;
      const artifacts = withSignatures(current, sha256, signatures);
      const same = JSON.stringify(artifacts) === JSON.stringify(current.artifacts);
      return same ? undefined : { ...current, artifacts };
    });
    // Blobs that existed before the record named them may have been collected since: see
    // collectGarbage.
    if (written) for (const { sha256, bytes } of signatures) await blobs.put(sha256, bytes);
    if (now && manifestHash(now) === sha256) return written;
  }
}

function manifestHash({ artifacts }: KernelRecord): string | undefined {
  return Object.hasOwn(artifacts, 'manifest') ? artifacts.manifest.sha256 : undefined;
}

/** Those of other depots stay. */
function withSignatures(
  record: KernelRecord,
  manifest: string,
  signatures: readonly SignatureFile[],
): KernelRecord['artifacts'] {
  const rest = Object.entries(record.artifacts).filter(([name]) => !isSignatureName(name));
  const own = signatures.map(
    ({ name, sha256, bytes }) => [name, { sha256, size: bytes.length }] as const,
  );
  const others = Object.entries(countersignatures(record, manifest)).filter(
    ([name]) => !own.some(([ours]) => ours === name),
  );
  const added = [...own, ...others].flatMap(([name, blob]) =>
    isSignatureName(name) ? [[name, { ...blob, mediaType: mediaTypeOf(name) }] as const] : [],
  );
  return Object.fromEntries([...rest, ...added]);
}
