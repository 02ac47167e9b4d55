import { COMPRESSED_FORM_NAMES, compressedSpec, type KernelRecord } from '@btf-depot/contracts';
import { findArtifact } from '@btf-depot/depot';
import { preferred } from './accept-header.ts';

/** Forms that are content codings; of two equally preferred ones, the later one is smaller. */
const CODED = COMPRESSED_FORM_NAMES.flatMap((form) => {
  const { coding } = compressedSpec(form);
  return coding === undefined ? [] : [[coding, `.${form}`] as const];
}).toReversed();
const ENDINGS: Readonly<Record<string, string>> = Object.fromEntries(CODED);

export interface ChosenArtifact {
  sha256: string;
  mediaType: string;
  /** Content-Encoding of the bytes. */
  encoding?: string;
  /** Request headers that the choice depended on. */
  vary?: string;
}

/**
 * The artifact of that name, in a stored compressed form if the client takes it. Nothing is
 * compressed here.
 *
 * @throws DepotError as `findArtifact`.
 */
export function chooseArtifact(
  record: KernelRecord,
  name: string,
  acceptEncoding: string | undefined,
): ChosenArtifact {
  const { sha256, mediaType } = findArtifact(record, name);
  const stored = CODED.filter(([, ending]) => Object.hasOwn(record.artifacts, name + ending));
  if (stored.length === 0) return { sha256, mediaType };
  const vary = 'Accept-Encoding';
  const codings = stored.map(([coding]) => coding);
  const encoding = acceptEncoding === undefined ? undefined : preferred(acceptEncoding, codings);
  if (encoding === undefined) return { sha256, mediaType, vary };
  const encoded = record.artifacts[name + ENDINGS[encoding]];
  return { sha256: encoded.sha256, mediaType, encoding, vary };
}
