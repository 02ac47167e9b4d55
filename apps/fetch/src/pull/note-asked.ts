import type { KernelRecord } from '@btf-depot/contracts';
import { isPulled, type AskedNotes } from '@btf-depot/depot';
import type { RepeatedWarnings } from '@btf-depot/service-kit';
import { LRUCache } from 'lru-cache';

/** Milliseconds between two notes of one kernel. */
const EVERY = 3_600_000;
const MAX_KERNELS = 16_384;

/** Notes for eviction that a kernel which was fetched is asked for; a note that fails is left out. */
export function askedNoter(
  asked: AskedNotes,
  warnings: RepeatedWarnings,
): (record: KernelRecord) => void {
  const noted = new LRUCache<string, true>({ max: MAX_KERNELS, ttl: EVERY });
  return (record) => {
    const { buildId, state } = record;
    if (state === 'withdrawn' || !isPulled(record) || noted.has(buildId)) return;
    noted.set(buildId, true);
    asked.add(buildId).catch((error: unknown) => {
      warnings.warn({}, 'not noted that it is asked for', error);
    });
  };
}
