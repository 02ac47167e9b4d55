import { partsOf, RECORD_SCHEMA, type KernelRecord } from '@btf-depot/contracts';

/** `remaking`: a compressor makes it again; `failed`: only a new upload of the file heals it. */
export type Settled = 'remaking' | 'failed';

/** The code of a kernel that has lost a part. */
export const LOST_PART = 'lost-part';

/**
 * The record of a kernel with damaged or lost blobs. It has a new, unpublished revision; until that
 * is ready, the sound artifacts of the old one are served.
 * @returns undefined if it stays as it is.
 */
export function settleLoss(
  record: KernelRecord,
  lost: ReadonlySet<string>,
): { record: KernelRecord; outcome: Settled } | undefined {
  if (record.state === 'withdrawn' || record.schema > RECORD_SCHEMA) return undefined;
  const { failure } = record;
  const next = { ...record, revision: record.revision + 1 };
  delete next.progress;
  delete next.failure;
  const parts = lostParts(record, lost);
  if (parts.length > 0) {
    if (record.state === 'failed' && failure?.code === LOST_PART) return undefined;
    const message = `${parts.join(', ')}: the stored bytes are damaged or lost; send the kernel again`;
    const outcome = 'failed';
    return { record: { ...next, state: outcome, failure: { code: LOST_PART, message } }, outcome };
  }
  const isPublished = Object.values(record.artifacts).some(({ sha256 }) => lost.has(sha256));
  if (!isPublished || record.state !== 'ready') return undefined;
  return { record: { ...next, state: 'compressing' }, outcome: 'remaking' };
}

function lostParts(record: KernelRecord, lost: ReadonlySet<string>): string[] {
  return inputsOf(record)
    .filter(([, { sha256 }]) => lost.has(sha256))
    .map(([name]) => name);
}

/**
 * The input of a compressor, which it cannot make: parts, and carriers of the kernel's own build.
 */
export function inputsOf(record: KernelRecord): [name: string, blob: { sha256: string }][] {
  return [...partsOf(record), ...Object.entries(record.carrier?.given ?? {})];
}
