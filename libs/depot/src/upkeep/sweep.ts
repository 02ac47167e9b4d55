import { jobFor, RECORD_SCHEMA, type KernelRecord } from '@btf-depot/contracts';
import { isPackedShort } from '../pack/due-artifacts.ts';
import type { JobQueue } from '../ports/job-queue.ts';
import type { RecordIndex } from '../record/record-index.ts';

/** What sweeps need of a record. */
export interface Swept extends Pick<
  KernelRecord,
  'schema' | 'buildId' | 'revision' | 'state' | 'uploadedAt'
> {
  keptUntil?: string | undefined;
  unannounced?: true | undefined;
  /** It lacks artifacts: see repack. */
  isShort: boolean;
}

export function sweptOf(record: KernelRecord): Swept {
  const { schema, buildId, revision, state, uploadedAt, keptUntil, unannounced } = record;
  const isShort = isPackedShort(record);
  return { schema, buildId, revision, state, uploadedAt, keptUntil, unannounced, isShort };
}

/**
 * Gives every record that waits for compressing its job again: the queue may have lost it, or
 * never got it. A job that is there already stays as it is. Records of a newer schema are left to
 * the sweeps of processes that know it: a job that this one adds could be done by none of its age.
 *
 * @returns how many records wait.
 */
export async function sweep(index: RecordIndex<Swept>, queue: JobQueue): Promise<number> {
  let waiting = 0;
  for (const { schema, state, ...record } of index) {
    if (state !== 'compressing' || schema > RECORD_SCHEMA) continue;
    await queue.add(jobFor(record));
    waiting++;
  }
  return waiting;
}
