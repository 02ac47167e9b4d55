import { jobFor, RECORD_SCHEMA, type KernelRecord } from '@btf-depot/contracts';
import { isPackedShort } from '../pack/due-artifacts.ts';
import type { JobQueue } from '../ports/job-queue.ts';
import type { RecordIndex } from '../record/record-index.ts';
import { failedForBlob } from './heal/bring-back.ts';

/** The fields of a record that sweeps need. */
export interface Swept extends Pick<
  KernelRecord,
  'schema' | 'buildId' | 'revision' | 'state' | 'uploadedAt'
> {
  keptUntil?: string | undefined;
  unannounced?: true | undefined;
  /** It lacks artifacts: see repack. */
  isShort: boolean;
  /** It failed because a blob was damaged or lost: see bringBack. */
  lostBlob: boolean;
}

export function sweptOf(record: KernelRecord): Swept {
  const { schema, buildId, revision, state, uploadedAt, keptUntil, unannounced } = record;
  const isShort = isPackedShort(record);
  const lostBlob = failedForBlob(record);
  return {
    schema,
    buildId,
    revision,
    state,
    uploadedAt,
    keptUntil,
    unannounced,
    isShort,
    lostBlob,
  };
}

/**
 * Adds the job of every record that waits for compressing: the queue may have lost it, or never got
 * it. An existing job stays as it is. Records of a newer schema are left to processes that know it:
 * no process of this version could do their jobs.
 *
 * @returns the number of waiting records.
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
