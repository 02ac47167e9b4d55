import { FormatError } from './format-error.ts';

/**
 * Bytes at random offsets, read synchronously: a file, a mapping or memory. Readers of large files
 * (a vmlinux with DWARF has 900 MB) take this and never hold the whole file.
 */
export interface Source {
  /** Length in bytes. */
  readonly size: number;
  /**
   * `length` bytes from `offset`. The result may be a view of shared memory: do not write to it.
   * Throws FormatError `source-bounds` if the range is not wholly inside.
   */
  read(offset: number, length: number): Uint8Array;
  /** Reads into existing memory, as many bytes as it has; saves a copy for some sources. */
  readonly readInto?: ((offset: number, target: Uint8Array) => void) | undefined;
}

/** Throws FormatError `source-bounds` unless offset and length lie within `size`. */
export function checkRange(size: number, offset: number, length: number, section?: string): void {
  if (
    Number.isSafeInteger(offset) &&
    Number.isSafeInteger(length) &&
    offset >= 0 &&
    length >= 0 &&
    offset <= size - length
  ) {
    return;
  }
  const where = section === undefined ? { offset } : { section, offset };
  throw new FormatError('source-bounds', `${length} bytes asked of ${size}`, where);
}

/** A source over bytes in memory; reads are views, nothing is copied. */
export function bytesSource(bytes: Uint8Array, section?: string): Source {
  return {
    size: bytes.length,
    read(offset, length) {
      checkRange(bytes.length, offset, length, section);
      return bytes.subarray(offset, offset + length);
    },
  };
}

/** The part of a source from `offset` on, as a source: a file inside an archive. */
export function sliceSource(source: Source, offset: number, length: number): Source {
  checkRange(source.size, offset, length);
  return {
    size: length,
    read(from, count) {
      checkRange(length, from, count);
      return source.read(offset + from, count);
    },
    readInto:
      source.readInto &&
      ((from, target) => {
        checkRange(length, from, target.length);
        source.readInto?.(offset + from, target);
      }),
  };
}
