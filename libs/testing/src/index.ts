/**
 * Shared by tests: one contract suite per port, for every adapter of it, and builders for the
 * suites and other tests. To add an adapter's tests: call the suites of its ports with a factory.
 * To add a promise to a port: put its test into the suite (ports/).
 */
export * from './ports/asked-notes.ts';
export * from './ports/blob-store.ts';
export * from './builders.ts';
export * from './ports/hostile.ts';
export * from './ports/job-queue.ts';
export * from './kernels/inlined-kernel.ts';
export * from './kernels/kernel-files.ts';
export * from './kernels/kernel-without-btf.ts';
export * from './kernels/loadable-kernel.ts';
export * from './ports/memory-stores.ts';
export * from './ports/pull-queue.ts';
export * from './ports/record-store.ts';
export type * from './ports/stores-under-test.ts';
export * from './ports/token-store.ts';
export * from './ports/upstream.ts';
