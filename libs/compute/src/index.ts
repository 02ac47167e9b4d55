/**
 * The work that must not run on the event loop: unpacking, splitting and packing, on worker threads
 * that clients share fairly. It implements the port `Compute` of libs/depot.
 *
 * To add a kind of work, touch the port, its task and result in messages.ts, the work itself in
 * worker.ts, and its call in pool.ts. seats.ts decides who waits for a thread.
 */
export { openFileSource, type FileSource } from './file-source.ts';
export { rpmSignature } from './rpm-signature.ts';
export { tellingFullDisk } from './full-disk.ts';
export {
  COMPUTE_LIMITS,
  createComputePool,
  type ClientCompute,
  type ComputeLimits,
  type ComputePool,
} from './pool.ts';
export { splitPaths } from './split-paths.ts';
export { unpackFile } from './unpack-file.ts';
