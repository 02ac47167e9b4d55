/**
 * The depot's BlobStore and RecordStore, on a file system (embedded mode) and on MinIO or any
 * other S3-compatible server that takes conditional writes. Keys are the same in both
 * (layout.ts). To add a store: a folder beside `fs`, an opener that returns `Stores`, and the
 * suites of @btf-depot/testing in its tests.
 */
export * from './errors.ts';
export { openFsStores } from './fs/open.ts';
export { openMinioStores } from './minio/open.ts';
export { MINIO_DEFAULTS, type MinioSettings } from './minio/settings.ts';
export type { Stores } from './stores.ts';
