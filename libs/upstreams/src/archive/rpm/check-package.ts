import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { ArchiveError } from '../errors.ts';
import type { ArchiveReading, PackageSignature } from '../reading.ts';
import { checkSignature } from '../signatures.ts';

/**
 * Checks an RPM by its own signature, as rpmkeys(8) does: a trusted key signed its header, which has
 * the hash of the payload.
 *
 * @param what for messages.
 * @throws ArchiveError `unsigned`, `digest-mismatch`, `no-gpgv`, `malformed`.
 */
export async function checkPackage(
  path: string,
  what: string,
  { trust, rpmSignature }: Pick<ArchiveReading, 'trust' | 'rpmSignature'>,
): Promise<void> {
  const { signatures, header, payload, payloadSha256 } = read(path, what, rpmSignature);
  if (signatures.length === 0) {
    throw new ArchiveError('unsigned', `${what}: neither it nor its repository is signed`);
  }
  await oneHolds(signatures, (signature) => checkSignature(header, signature, what, trust));
  if (payloadSha256 === undefined) {
    const why = 'its signature does not cover its files, since rpm before 4.14 made it';
    throw new ArchiveError('unsigned', `${what}: ${why}`);
  }
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { start: payload }))
    hash.update(chunk as Buffer);
  if (hash.digest('hex') === payloadSha256) return;
  throw new ArchiveError('digest-mismatch', `${what}: its files are not those that were signed`);
}

function read(
  path: string,
  what: string,
  rpmSignature: ArchiveReading['rpmSignature'],
): PackageSignature {
  try {
    return rpmSignature(path);
  } catch (error) {
    throw new ArchiveError('malformed', `${what}: ${(error as Error).message}`, { cause: error });
  }
}

/** @throws the last error if none holds. */
async function oneHolds(
  signatures: readonly Uint8Array[],
  check: (signature: Uint8Array) => Promise<void>,
): Promise<void> {
  for (const [at, signature] of signatures.entries()) {
    try {
      await check(signature);
      return;
    } catch (error) {
      if (at === signatures.length - 1) throw error;
    }
  }
}
