import type { BlobStore } from '../../ports/blob-store.ts';
import type { Clock } from '../../ports/clock.ts';
import type { RecordStore } from '../../ports/record-store.ts';
import { setAside } from '../../record/set-aside.ts';
import type { Finding } from '../check-store.ts';
import { requeue } from '../requeue.ts';
import { failedForBlob } from './bring-back.ts';
import { Healer, type Healed } from './healer.ts';

export interface Repaired extends Healed {
  /** Kernels whose malformed record was set aside. */
  aside: string[];
  /** Kernels whose record lost malformed fields, and that are packed again. */
  rewritten: string[];
}

/**
 * Heals the findings of a check as the sweeper heals notes, blobs included that a store which answers
 * cannot read, and sets malformed records aside, so that their kernels can be sent again.
 */
export async function repair(
  deps: { blobs: BlobStore; records: RecordStore; clock: Clock },
  findings: readonly Pick<Finding, 'buildId' | 'code'>[],
): Promise<Repaired> {
  const of = (code: Finding['code']) =>
    new Set(findings.filter((one) => one.code === code).map(({ buildId }) => buildId));
  const aside: string[] = [];
  const rewritten: string[] = [];
  for (const buildId of of('unreadable-record')) {
    if (await ifMalformed(() => setAside(deps, buildId))) aside.push(buildId);
  }
  for (const buildId of of('damaged-record')) {
    if (await ifMalformed(() => requeue(deps.records, buildId))) rewritten.push(buildId);
  }
  const healer = new Healer(deps, { takesUnreadable: true });
  return { ...(await healer.heal(await failedKernels(deps.records))), aside, rewritten };
}

async function failedKernels(records: RecordStore): Promise<string[]> {
  const failed: string[] = [];
  for await (const { buildId } of records.list()) {
    const stored = await records.get(buildId).catch(() => undefined);
    if (stored && failedForBlob(stored.record)) failed.push(buildId);
  }
  return failed;
}

/** Neither records of a newer version, nor those that the store does not give. */
async function ifMalformed(change: () => Promise<boolean>): Promise<boolean> {
  try {
    return await change();
  } catch (error) {
    const code = (error as { code?: unknown } | null)?.code;
    if (code === 'newer-schema' || code === 'store-unavailable') return false;
    throw error;
  }
}
