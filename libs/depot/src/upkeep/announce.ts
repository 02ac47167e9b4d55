import { RECORD_SCHEMA, type KernelRecord } from '@btf-depot/contracts';
import { AnnounceLater, type Announcer } from '../ports/announcer.ts';
import type { RecordStore } from '../ports/record-store.ts';
import type { RecordIndex } from '../record/record-index.ts';
import type { Swept } from './sweep.ts';
import { updateRecord } from '../record/update-record.ts';

/**
 * Announces a kernel whose record asks for it, and notes that in the record. A crash between the
 * two announces it again.
 * @throws AnnounceLater, with the record still asking for it.
 */
export async function announceKernel(
  records: RecordStore,
  announcer: Announcer,
  buildId: string,
): Promise<void> {
  const record = (await records.get(buildId))?.record;
  if (!record || !isDue(record)) return;
  await announcer.announce(record);
  await updateRecord(records, buildId, (current) => {
    if (!current?.unannounced || current.revision !== record.revision) return undefined;
    const next: KernelRecord = { ...current };
    delete next.unannounced;
    return next;
  });
}

/**
 * Announces every kernel that is still to be announced, as long as the receiver answers.
 * @param onLater called for each that was not announced.
 */
export async function announceAll(
  records: RecordStore,
  announcer: Announcer,
  index: RecordIndex<Swept>,
  onLater: (buildId: string, error: AnnounceLater) => void,
): Promise<void> {
  for (const swept of index) {
    if (!isDue(swept)) continue;
    try {
      await announceKernel(records, announcer, swept.buildId);
    } catch (error) {
      if (!(error instanceof AnnounceLater)) throw error;
      onLater(swept.buildId, error);
      if (error.nobody) return;
    }
  }
}

function isDue({ schema, state, unannounced }: Pick<Swept, 'schema' | 'state' | 'unannounced'>) {
  return schema <= RECORD_SCHEMA && state === 'ready' && unannounced === true;
}
