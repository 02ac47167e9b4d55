import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isBuildId, openRecord } from '@btf-depot/contracts';
import { DepotError, MAX_BLOB_SIZE, summaryOf } from '@btf-depot/depot';
import type { ExportSource } from './export-source.ts';
import { blobFile, KERNELS, recordFile } from './layout.ts';

/** An export in a folder, such as a memory stick. It is not trusted: every hash is checked. */
export function folderSource(path: string): ExportSource {
  const record = async (buildId: string) => {
    const bytes = await readFile(join(path, recordFile(buildId)));
    const opened = openRecord(bytes);
    if (!opened.record) throw new DepotError('damaged-record', `${buildId}: ${opened.why}`);
    if (opened.record.buildId === buildId) return opened.record;
    throw new DepotError('damaged-record', `the record of ${buildId} is another kernel's`);
  };
  return {
    async *kernels() {
      const names = (await readdir(join(path, KERNELS))).filter(isBuildId);
      for (const buildId of names.sort()) yield summaryOf(await record(buildId));
    },
    record,
    async blob({ sha256, size }) {
      if (size > MAX_BLOB_SIZE) {
        throw new DepotError(
          'too-large',
          `the record gives blob ${sha256} ${size} bytes; the limit is ${MAX_BLOB_SIZE}`,
        );
      }
      const bytes = await readFile(join(path, blobFile(sha256)));
      const is = createHash('sha256').update(bytes).digest('hex');
      if (is === sha256) return bytes;
      throw new DepotError('damaged-blob', `blob ${sha256} has SHA-256 ${is}`);
    },
  };
}
