import { getHeapStatistics } from 'node:v8';
import { DepotError } from '@btf-depot/depot';

/** Throws if the work has exceeded its limits. */
export type Guard = () => void;

/**
 * Checks the memory of this thread, typed arrays included: V8's own limit, which ends a thread,
 * ignores them.
 * @param limit in bytes.
 */
export function memoryGuard(limit: number): Guard {
  return () => {
    const { used_heap_size: heap, external_memory: external } = getHeapStatistics();
    if (heap + external > limit) throw overMemory(limit);
  };
}

export function overMemory(limit: number): DepotError {
  return new DepotError('memory-limit', `the work needs more than ${limit} bytes of memory`);
}
