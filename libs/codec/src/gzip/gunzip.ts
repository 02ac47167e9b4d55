import { FormatError } from '@btf-depot/bytes';
import { gunzipSync, type ZlibOptions } from 'node:zlib';

export interface GunzipOptions {
  /** Most bytes that may come out. */
  readonly limit: number;
}

/** The result of a synchronous zlib call with `info: true` (nodejs.org/api/zlib.html). */
interface Inflated {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}

/**
 * The content of a gzip file of one or more members. Memory stays within the limit whatever the
 * input claims. Throws FormatError: `gzip-limit` if more than `limit` bytes would come out,
 * `gzip-truncated` if the stream ends early, `gzip-corrupt` for anything else that is not gzip from
 * the first byte to the last: checksum or length wrong, bytes after the end.
 */
export function gunzip(bytes: Uint8Array, { limit }: GunzipOptions): Uint8Array {
  const { buffer, engine } = inflate(bytes, limit);
  if (buffer.length > limit) throw overLimit(limit);
  if (engine.bytesWritten !== bytes.length) {
    // zlib itself ignores zero bytes after the last member.
    throw new FormatError('gzip-corrupt', 'bytes after the end of the gzip stream', {
      offset: engine.bytesWritten,
    });
  }
  return buffer;
}

function inflate(bytes: Uint8Array, limit: number): Inflated {
  const options: ZlibOptions = { info: true, maxOutputLength: Math.max(1, limit) };
  try {
    return gunzipSync(bytes, options) as unknown as Inflated;
  } catch (error) {
    switch (error instanceof Error && 'code' in error ? error.code : undefined) {
      case 'ERR_BUFFER_TOO_LARGE':
        throw overLimit(limit, error);
      case 'Z_BUF_ERROR':
        throw new FormatError('gzip-truncated', 'the gzip stream ends early', {}, { cause: error });
      case 'Z_DATA_ERROR':
      case 'Z_NEED_DICT':
        throw new FormatError('gzip-corrupt', 'not a sound gzip stream', {}, { cause: error });
      default:
        throw error;
    }
  }
}

function overLimit(limit: number, cause?: unknown): FormatError {
  return new FormatError('gzip-limit', `more than ${limit} bytes come out`, {}, { cause });
}
