interface CompressedSpec {
  mediaType: string;
  /** The format's name, by which the record and a setting have the level. */
  format: string;
  /** Least and most, as the format's library counts them; more is slower and smaller. */
  levels: readonly [least: number, most: number];
  /** The content coding (RFC 9110, 8.4.1) as which clients are sent it under the plain name. */
  coding?: string;
}

const define = <const Table extends Readonly<Record<string, CompressedSpec>>>(table: Table) =>
  table;

/**
 * How carriers are compressed, by the suffix of the artifact, in the order in which manifests list
 * them. What compresses them is in COMPRESSORS of libs/depot.
 */
export const COMPRESSED_FORMS = define({
  gz: { mediaType: 'application/gzip', format: 'gzip', levels: [1, 12], coding: 'gzip' },
  xz: { mediaType: 'application/x-xz', format: 'xz', levels: [0, 9] },
  zst: { mediaType: 'application/zstd', format: 'zstd', levels: [1, 22], coding: 'zstd' },
});

export type CompressedForm = keyof typeof COMPRESSED_FORMS;

/** The format of a compressed artifact. */
export type CompressedFormat = (typeof COMPRESSED_FORMS)[CompressedForm]['format'];

export const COMPRESSED_FORM_NAMES = Object.keys(COMPRESSED_FORMS) as CompressedForm[];

/** The form as it is described to those that do not know which one it is. */
export function compressedSpec(form: CompressedForm): CompressedSpec {
  return COMPRESSED_FORMS[form];
}
