// Compression for artifacts and uploads: one function a format and direction. Compressed bytes
// depend on nothing but the input and the level, and no decompressor writes more than its limit.
// Specification: RFC 1952 (gzip), RFC 1951 (deflate), RFC 1950 (zlib), RFC 8878 (zstd).
//
// To add a format: a file with its pair of functions beside gzip.ts, codes `<format>-limit`,
// `<format>-truncated`, `<format>-corrupt`, its package in the codec's row of
// tools/boundaries/rules.js, and the cases of gzip.test.ts.
export { gunzip, type GunzipOptions } from './gunzip.ts';
export { gzip, GZIP_DEFAULTS, type GzipOptions } from './gzip.ts';
export { unzlib, type UnzlibOptions } from './unzlib.ts';
export { unzstd, type UnzstdOptions } from './unzstd.ts';
export { xz } from './xz.ts';
export { zstd } from './zstd.ts';
