import { ByteReader, FormatError, type Source } from '@btf-depot/bytes';
import { COMPRESSION_HEAD, compressionOf, type Compression } from '@btf-depot/codec';
import type { Part } from '../format.ts';

/**
 * The compressed kernel at the place that a header states. @throws FormatError `image-truncated`,
 * `image-corrupt`.
 */
export function payloadAt(
  source: Source,
  offset: number,
  length: number,
): Part & { compression: Compression } {
  if (length < 18 || offset + length > source.size) {
    const message = `a payload of ${length} bytes in a file of ${source.size}`;
    throw new FormatError('image-truncated', message, { section: 'payload', offset });
  }
  const compression = compressionOf(source.read(offset, COMPRESSION_HEAD));
  if (compression === undefined) {
    const message = 'compressed with nothing that is known';
    throw new FormatError('image-corrupt', message, { section: 'payload', offset });
  }
  return { offset, length, compression };
}

/** Undefined beyond the end of the file. */
export function wordAt(source: Source, offset: number): number | undefined {
  if (offset < 0 || offset + 4 > source.size) return undefined;
  return new ByteReader(source.read(offset, 4), 'little').u32();
}

/** A part named by a header. @throws FormatError `<format>-truncated` if it exceeds the file. */
export function checkedPart(format: string, source: Source, { offset, length }: Part): Part {
  if (offset + length <= source.size) return { offset, length };
  const message = `${length} bytes at ${offset} of a file of ${source.size}`;
  throw new FormatError(`${format}-truncated`, message, { section: format, offset });
}
