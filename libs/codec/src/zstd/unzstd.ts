import { FormatError } from '@btf-depot/bytes';
import { zstdDecompressSync } from 'node:zlib';

export interface UnzstdOptions {
  /** Most bytes that may come out. */
  readonly limit: number;
}

/**
 * The content of a zstd stream (RFC 8878), as in SHF_COMPRESSED sections; bytes after its end are
 * ignored. Throws FormatError: `zstd-limit` if more than `limit` bytes would come out,
 * `zstd-truncated` if the stream ends early, `zstd-corrupt` for anything else.
 */
export function unzstd(bytes: Uint8Array, { limit }: UnzstdOptions): Uint8Array {
  try {
    const inflated = zstdDecompressSync(bytes, {
      maxOutputLength: Math.max(1, limit),
      chunkSize: 1024 * 1024,
    });
    if (inflated.length <= limit) return inflated;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'Z_BUF_ERROR') {
      throw new FormatError('zstd-truncated', 'the zstd stream ends early', {}, { cause: error });
    }
    if (code.startsWith('ZSTD_error_')) {
      throw new FormatError('zstd-corrupt', 'not a sound zstd stream', {}, { cause: error });
    }
    if (code !== 'ERR_BUFFER_TOO_LARGE') throw error;
  }
  throw new FormatError('zstd-limit', `more than ${limit} bytes come out`);
}
