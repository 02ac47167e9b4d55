/** The formats that kernels and packages are compressed with. */
export const COMPRESSIONS = ['gzip', 'xz', 'zstd', 'lz4', 'lzma', 'bzip2', 'lzo'] as const;

export type Compression = (typeof COMPRESSIONS)[number];

/** The usual endings of file names, without the dot. */
export const FILE_ENDINGS: Readonly<Record<Compression, string>> = {
  gzip: 'gz',
  xz: 'xz',
  zstd: 'zst',
  lz4: 'lz4',
  lzma: 'lzma',
  bzip2: 'bz2',
  lzo: 'lzo',
};

/** Bytes that `compressionOf` needs, fewer only at the end of a file. */
export const COMPRESSION_HEAD = 13;

/**
 * First bytes of a stream; zstd's skippable frames are left out, since no program begins with them.
 */
const MAGICS: readonly (readonly [Compression, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b, 0x08]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['lz4', [0x02, 0x21, 0x4c, 0x18]],
  ['lz4', [0x04, 0x22, 0x4d, 0x18]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['lzo', [0x89, 0x4c, 0x5a, 0x4f, 0x00, 0x0d, 0x0a, 0x1a, 0x0a]],
];

/**
 * The compression of a stream, by its first bytes. LZMA has no magic: as in file(1), it is
 * recognised by a header that compressors write, lc=3 lp=0 pb=2 with a dictionary of a power of two
 * and a length that is unknown or below 256 GiB.
 */
export function compressionOf(head: Uint8Array): Compression | undefined {
  const known = MAGICS.find(([, magic]) => magic.every((byte, at) => head[at] === byte));
  if (known) return known[0];
  return isLzma(head) ? 'lzma' : undefined;
}

/** The magic of each format that has one, to search for. */
export function compressionMagics(): readonly (readonly [Compression, readonly number[]])[] {
  return MAGICS;
}

/** Whether a stream of this format begins here, by its magic. */
export function beginsWith(format: Compression): (head: Uint8Array) => boolean {
  const magics = MAGICS.filter(([name]) => name === format);
  return (head) => magics.some(([, magic]) => magic.every((byte, at) => head[at] === byte));
}

function isLzma(head: Uint8Array): boolean {
  if (head.length < COMPRESSION_HEAD || head[0] !== 0x5d) return false;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const dictionary = view.getUint32(1, true);
  const size = view.getBigUint64(5, true);
  const isPower = dictionary >= 4096 && (dictionary & (dictionary - 1)) === 0;
  return isPower && (size === 0xffff_ffff_ffff_ffffn || size < 1n << 38n);
}
