import type { KernelRecord } from '@btf-depot/contracts';
import { findArtifact } from '@btf-depot/depot';
import { preferred } from './accept-header.ts';

/** Content codings (RFC 9110, 8.4.1) by the ending of the artifact that stores one. */
const ENCODINGS = { zstd: '.zst', gzip: '.gz' } as const;

export interface ChosenArtifact {
  sha256: string;
  mediaType: string;
  /** Content-Encoding of the bytes. */
  encoding?: string;
  /** Request headers that this depended on. */
  vary?: string;
}

/**
 * The artifact of that name as it is sent: where the same bytes are stored compressed too, in the
 * form that the client takes. Nothing is compressed here.
 *
 * @throws DepotError as `findArtifact`.
 */
export function chooseArtifact(
  record: KernelRecord,
  name: string,
  acceptEncoding: string | undefined,
): ChosenArtifact {
  const { sha256, mediaType } = findArtifact(record, name);
  const stored = (Object.keys(ENCODINGS) as (keyof typeof ENCODINGS)[]).filter((encoding) =>
    Object.hasOwn(record.artifacts, name + ENCODINGS[encoding]),
  );
  if (stored.length === 0) return { sha256, mediaType };
  const vary = 'Accept-Encoding';
  const encoding = acceptEncoding === undefined ? undefined : preferred(acceptEncoding, stored);
  if (encoding === undefined) return { sha256, mediaType, vary };
  const encoded = record.artifacts[name + ENCODINGS[encoding]];
  return { sha256: encoded.sha256, mediaType, encoding, vary };
}
