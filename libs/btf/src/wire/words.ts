import type { Endian } from '@btf-depot/bytes';

/** The byte order of this machine, which typed arrays use. */
const HOST_ENDIAN: Endian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? 'little' : 'big';

/**
 * Bytes as 32-bit words of this machine's byte order: every field of a BTF type is one. A view if
 * byte order and alignment allow it, else a copy. The length must be a multiple of 4.
 */
export function wordsOf(bytes: Uint8Array, endian: Endian): Uint32Array {
  if (endian === HOST_ENDIAN && bytes.byteOffset % 4 === 0) {
    return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  }
  const copy = Buffer.alloc(bytes.length);
  copy.set(bytes);
  if (endian !== HOST_ENDIAN) copy.swap32();
  // A pooled buffer would not be aligned; alloc does not pool, but does not promise it either.
  return copy.byteOffset % 4 === 0
    ? new Uint32Array(copy.buffer, copy.byteOffset, copy.length / 4)
    : new Uint32Array(new Uint8Array(copy).buffer);
}

/** The words as bytes of the given byte order; always a copy. */
export function bytesOfWords(words: Uint32Array, endian: Endian): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(words.length * 4);
  new Uint32Array(bytes.buffer).set(words);
  if (endian !== HOST_ENDIAN) Buffer.from(bytes.buffer).swap32();
  return bytes;
}
