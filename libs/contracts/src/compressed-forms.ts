interface CompressedSpec {
  mediaType: string;
  /** The format's name, which is also that of its level in the record and in a setting. */
  format: string;
  /** Lowest and highest level of the format's library; higher is slower and smaller. */
  levels: readonly [least: number, most: number];
  /** The content coding (RFC 9110, 8.4.1) for requests of the plain name. */
  coding?: string;
}

const define = <const Table extends Readonly<Record<string, CompressedSpec>>>(table: Table) =>
  table;

/**
 * Compressed forms of carriers, by the suffix of the artifact, in the order of manifests.
 * COMPRESSORS of libs/depot has the code.
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

/** The form with its general type. */
export function compressedSpec(form: CompressedForm): CompressedSpec {
  return COMPRESSED_FORMS[form];
}
