import { jobFor, RECORD_SCHEMA } from '@btf-depot/contracts';
import { isPackedShort } from '../pack/due-artifacts.ts';
import type { JobQueue } from '../ports/job-queue.ts';
import type { RecordStore } from '../ports/record-store.ts';
import type { RecordIndex } from '../record/record-index.ts';
import { updateRecord } from '../record/update-record.ts';
import type { Swept } from './sweep.ts';

/** Most jobs that may wait because of it: uploads come first. */
const WAITING_AT_MOST = 16;

/**
 * Packs kernels again, under a new revision, that a compressor of an earlier generation published
 * with too few artifacts; until that is done, the old ones are served.
 *
 * @param waiting number of waiting jobs.
 * @returns the kernels.
 */
export async function repack(
  records: RecordStore,
  index: RecordIndex<Swept>,
  queue: JobQueue,
  waiting: number,
): Promise<string[]> {
  const short = [...index].filter(({ schema, isShort }) => isShort && schema <= RECORD_SCHEMA);
  const repacked: string[] = [];
  for (const { buildId } of short.slice(0, Math.max(0, WAITING_AT_MOST - waiting))) {
    const { record, written } = await updateRecord(records, buildId, (current, { damage }) =>
      current && !damage && isPackedShort(current)
        ? { ...current, revision: current.revision + 1, state: 'compressing' }
        : undefined,
    );
    if (!record || !written) continue;
    repacked.push(buildId);
    await queue.add(jobFor(record));
  }
  return repacked;
}
