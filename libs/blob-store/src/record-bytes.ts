import { decodeRecord, type KernelRecord } from '@btf-depot/contracts';

/** @throws Error naming the kernel where the stored bytes are not the record of this build ID. */
export function readRecord(buildId: string, bytes: Uint8Array): KernelRecord {
  let record: KernelRecord;
  try {
    record = decodeRecord(bytes);
  } catch (cause) {
    throw new Error(`the stored record of ${buildId} is malformed`, { cause });
  }
  if (record.buildId !== buildId) {
    throw new Error(`the stored record of ${buildId} is that of ${record.buildId}`);
  }
  return record;
}
