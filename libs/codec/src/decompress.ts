import { FormatError, StreamReader, type Chunks } from '@btf-depot/bytes';
import { compressionOf, type Compression } from './compression.ts';
import { gunzip } from './gzip/gunzip-stream.ts';
import type { Trailing } from './trailing.ts';
import { unbzip2 } from './bzip2/unbzip2.ts';
import { unlz4 } from './lz4/unlz4.ts';
import { unlzma } from './xz/unlzma.ts';
import { unlzop } from './lzo/unlzop.ts';
import { unxz } from './xz/unxz.ts';
import { unzstdFrames } from './zstd/unzstd-stream.ts';

export interface DecompressOptions {
  /** Most bytes that may come out. */
  readonly limit: number;
  /** The exact number, if the surroundings of the stream state it: fewer is a truncated stream. */
  readonly size?: number | undefined;
  /** By default `refuse`. */
  readonly trailing?: Trailing;
  /** Called with the number of ignored bytes after the stream. */
  readonly onTrailing?: () => void;
  /**
   * Threads that decode independent pieces, blocks of xz, at one time. They are started on demand,
   * and end with the stream.
   */
  readonly threads?: number;
  /**
   * Bytes, packed and unpacked, that these threads may hold of a stream at one time; this thread
   * decodes larger blocks.
   */
  readonly ahead?: number;
}

const DECOMPRESS_DEFAULTS = {
  trailing: 'refuse',
  threads: 1,
  ahead: 128 * 2 ** 20,
} as const satisfies Partial<DecompressOptions>;

type Settings = DecompressOptions &
  Required<Pick<DecompressOptions, keyof typeof DECOMPRESS_DEFAULTS>>;

/**
 * The content of a compressed stream, in pieces of at most a few MiB. It is complete and verified
 * only when the iteration has ended.
 *
 * Throws FormatError `<format>-limit` if more than `limit` bytes would come out or the stream needs
 * too much memory, `<format>-truncated` if it ends early, `<format>-corrupt` for any other fault.
 */
export async function* decompress(
  format: Compression,
  chunks: Chunks,
  options: DecompressOptions,
): AsyncGenerator<Uint8Array> {
  const settings = { ...DECOMPRESS_DEFAULTS, ...options };
  const { limit, size, trailing, onTrailing } = settings;
  const reader = new StreamReader(chunks, { section: format, code: `${format}-truncated` });
  let total = 0;
  try {
    for await (const chunk of decode(format, reader, settings)) {
      total += chunk.length;
      if (total > limit) {
        throw new FormatError(`${format}-limit`, `more than ${limit} bytes come out`);
      }
      yield chunk;
    }
    if (size !== undefined && total !== size) {
      const code = total < size ? 'truncated' : 'corrupt';
      throw new FormatError(`${format}-${code}`, `${total} bytes come out, not ${size}`);
    }
    if (trailing === 'ignore' || (await reader.isAtEnd())) return;
    if (trailing === 'pass') onTrailing?.();
    else {
      throw new FormatError(`${format}-corrupt`, 'bytes after the end of the stream', {
        section: format,
        offset: reader.position,
      });
    }
  } finally {
    await reader.close();
  }
}

function decode(
  format: Compression,
  reader: StreamReader,
  { size, trailing, threads, ahead }: Settings,
): AsyncGenerator<Uint8Array> {
  switch (format) {
    case 'gzip':
      return gunzip(reader, { trailing });
    case 'xz':
      return unxz(reader, { trailing, threads, ahead });
    case 'zstd':
      return unzstdFrames(reader, { trailing });
    case 'lz4':
      return unlz4(reader, { trailing, size });
    case 'lzma':
      return unlzma(reader);
    case 'bzip2':
      return unbzip2(reader, { trailing });
    case 'lzo':
      return unlzop(reader);
  }
}

/** The content of bytes that are compressed in a format that they say, or not at all. */
export async function* decompressAny(
  bytes: Uint8Array,
  options: DecompressOptions,
): AsyncGenerator<Uint8Array> {
  const format = compressionOf(bytes);
  if (format === undefined) yield bytes;
  else yield* decompress(format, [bytes], options);
}
