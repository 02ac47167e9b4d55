// Compression for artifacts and uploads: one function for each format and direction. Compressed
// bytes depend only on the input and the level, and no decompressor writes more than its limit.
// `compressionOf` recognises a stream by its first bytes, `decompress` gives its content piece by
// piece. Specification: RFC 1952 (gzip), RFC 1951 (deflate), RFC 1950 (zlib), RFC 8878 (zstd), the
// .xz file format, the LZMA specification of the LZMA SDK, LZ4's block and frame formats, xxHash's,
// bzip2, lzop, and the kernel's Documentation/staging/lzo.rst.
//
// To add a format: to read streams, its name, ending and magic in compression.ts, its decoder in a
// folder of its name and in decompress.ts, codes `<format>-limit`, `<format>-truncated`,
// `<format>-corrupt`, a sample in testing/samples.ts; in memory, its pair of functions as in gzip,
// with the cases of gzip/gzip.test.ts; its package in the codec's row of tools/boundaries/rules.js.
export {
  COMPRESSION_HEAD,
  COMPRESSIONS,
  compressionMagics,
  compressionOf,
  FILE_ENDINGS,
  type Compression,
} from './compression.ts';
export { decompress, decompressAny, type DecompressOptions } from './decompress.ts';
export { type Trailing } from './trailing.ts';
export { gunzip, type GunzipOptions } from './gzip/gunzip.ts';
export { gzip, GZIP_DEFAULTS, type GzipOptions } from './gzip/gzip.ts';
export { unzlib, type UnzlibOptions } from './gzip/unzlib.ts';
export { unzstd, type UnzstdOptions } from './zstd/unzstd.ts';
export { xz, XZ_DEFAULTS, type XzOptions } from './xz/xz.ts';
export { zstd, ZSTD_DEFAULTS, type ZstdOptions } from './zstd/zstd.ts';
