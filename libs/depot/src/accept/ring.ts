import { jobFor, type KernelRecord } from '@btf-depot/contracts';
import type { AcceptDeps } from './accept-kernel.ts';

/** The record has the work; the job only makes it start before the next sweep. */
export async function ring(
  { queue, onQueueError }: Pick<AcceptDeps, 'queue' | 'onQueueError'>,
  record: KernelRecord,
): Promise<void> {
  if (record.state !== 'compressing') return;
  try {
    await queue.add(jobFor(record));
  } catch (error) {
    onQueueError(error);
  }
}
