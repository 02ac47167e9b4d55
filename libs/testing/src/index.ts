/**
 * Shared by tests: one contract suite per port, for every adapter of it, and builders for the
 * suites and other tests. To add an adapter's tests: call the suites of its ports with a factory.
 * To add a promise to a port: put its test into the suite.
 */
export * from './asked-notes.ts';
export * from './blob-store.ts';
export * from './builders.ts';
export * from './hostile.ts';
export * from './job-queue.ts';
export * from './inlined-kernel.ts';
export * from './kernel-files.ts';
export * from './kernel-without-btf.ts';
export * from './loadable-kernel.ts';
export * from './memory-stores.ts';
export * from './pull-queue.ts';
export * from './record-store.ts';
export type * from './stores-under-test.ts';
export * from './token-store.ts';
export * from './upstream.ts';
