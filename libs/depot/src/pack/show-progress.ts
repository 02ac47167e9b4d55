import type { KernelRecord } from '@btf-depot/contracts';
import type { RecordStore } from '../ports/record-store.ts';
import { Progress } from '../progress.ts';
import { updateRecord } from '../record/update-record.ts';

/** Milliseconds between two updates: most kernels are ready before the first. */
const PERIOD = 1000;

/**
 * Writes the progress of `work` to the record, so that every process can report it.
 * @param isDue whether the record still asks for this work.
 */
export async function showingProgress<Result>(
  records: RecordStore,
  buildId: string,
  isDue: (record: KernelRecord) => boolean,
  work: (progress: Progress) => Promise<Result>,
): Promise<Result> {
  const progress = new Progress();
  let noting = Promise.resolve();
  let noted = 0;
  const note = async () => {
    const { done, total } = progress;
    if (done === noted) return;
    noted = done;
    await updateRecord(records, buildId, (current) =>
      current && isDue(current) ? { ...current, progress: { done, total } } : undefined,
    );
  };
  const timer = setInterval(() => {
    // The work does not depend on it: if the store is away, storing the artifacts fails.
    noting = noting.then(note).catch(() => undefined);
  }, PERIOD);
  try {
    return await work(progress);
  } finally {
    clearInterval(timer);
    await noting;
  }
}
