import { gzip, GZIP_DEFAULTS, xz, XZ_DEFAULTS, zstd, ZSTD_DEFAULTS } from '@btf-depot/codec';
import {
  COMPRESSED_FORM_NAMES,
  COMPRESSED_FORMS,
  type CompressedForm,
  type CompressedFormat,
} from '@btf-depot/contracts';

interface Compressor {
  /** By default. */
  level: number;
  /** The same bytes for the same input and level, on every machine. */
  compress: (bytes: Uint8Array, options: { level: number }) => Uint8Array | Promise<Uint8Array>;
}

/** What makes each compressed form, in about the order of the time that it takes, longest first. */
export const COMPRESSORS: Readonly<Record<CompressedForm, Compressor>> = {
  xz: { ...XZ_DEFAULTS, compress: xz },
  zst: { ...ZSTD_DEFAULTS, compress: zstd },
  gz: { ...GZIP_DEFAULTS, compress: gzip },
};

export type CompressionLevels = Record<CompressedFormat, number>;

export const COMPRESSION_LEVELS = Object.fromEntries(
  COMPRESSED_FORM_NAMES.map((form) => [COMPRESSED_FORMS[form].format, COMPRESSORS[form].level]),
) as CompressionLevels;

/** A file's content as the ending of its name says, as kmod and the kernel know it. */
export async function compressedAs(path: string, bytes: Uint8Array): Promise<Uint8Array> {
  const form = COMPRESSED_FORM_NAMES.find((suffix) => path.endsWith(`.${suffix}`));
  return form === undefined ? bytes : await COMPRESSORS[form].compress(bytes, COMPRESSORS[form]);
}
