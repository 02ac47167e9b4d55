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

/** The code of each compressed form, slowest first, approximately. */
export const COMPRESSORS: Readonly<Record<CompressedForm, Compressor>> = {
  xz: { ...XZ_DEFAULTS, compress: xz },
  zst: { ...ZSTD_DEFAULTS, compress: zstd },
  gz: { ...GZIP_DEFAULTS, compress: gzip },
};

export type CompressionLevels = Record<CompressedFormat, number>;

export const COMPRESSION_LEVELS = Object.fromEntries(
  COMPRESSED_FORM_NAMES.map((form) => [COMPRESSED_FORMS[form].format, COMPRESSORS[form].level]),
) as CompressionLevels;

/** A file's content in the form of its name's ending, as kmod and the kernel know it. */
export async function compressedAs(path: string, bytes: Uint8Array): Promise<Uint8Array> {
  const form = COMPRESSED_FORM_NAMES.find((suffix) => path.endsWith(`.${suffix}`));
  return form === undefined ? bytes : await COMPRESSORS[form].compress(bytes, COMPRESSORS[form]);
}
