import { jobFor } from '@btf-depot/contracts';
import type { JobQueue } from './ports/job-queue.ts';
import type { RecordIndex } from './record-index.ts';

/**
 * Gives every record that waits for compressing its job again: the queue may have lost it, or
 * never got it. A job that is there already stays as it is.
 *
 * @param onUnreadable told of a record that cannot be read; the others are swept all the same.
 * @returns how many records wait.
 */
export async function sweep(
  index: RecordIndex,
  queue: JobQueue,
  onUnreadable: (buildId: string, error: unknown) => void,
): Promise<number> {
  await index.refresh(onUnreadable);
  let waiting = 0;
  for (const record of index) {
    if (record.state !== 'compressing') continue;
    await queue.add(jobFor(record));
    waiting++;
  }
  return waiting;
}
