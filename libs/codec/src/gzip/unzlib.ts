import { FormatError } from '@btf-depot/bytes';
import { inflateSync } from 'node:zlib';

export interface UnzlibOptions {
  /** Most bytes that may come out. */
  readonly limit: number;
}

/**
 * The content of a zlib stream (RFC 1950), as in SHF_COMPRESSED sections; bytes after its end are
 * ignored. Throws FormatError: `zlib-limit` if more than `limit` bytes would come out,
 * `zlib-truncated` if the stream ends early, `zlib-corrupt` for anything else.
 */
export function unzlib(bytes: Uint8Array, { limit }: UnzlibOptions): Uint8Array {
  try {
    const inflated = inflateSync(bytes, {
      maxOutputLength: Math.max(1, limit),
      chunkSize: 1024 * 1024,
    });
    if (inflated.length <= limit) return inflated;
  } catch (error) {
    switch (error instanceof Error && 'code' in error ? error.code : undefined) {
      case 'ERR_BUFFER_TOO_LARGE':
        break;
      case 'Z_BUF_ERROR':
        throw new FormatError('zlib-truncated', 'the zlib stream ends early', {}, { cause: error });
      case 'Z_DATA_ERROR':
      case 'Z_NEED_DICT':
        throw new FormatError('zlib-corrupt', 'not a sound zlib stream', {}, { cause: error });
      default:
        throw error;
    }
  }
  throw new FormatError('zlib-limit', `more than ${limit} bytes come out`);
}
