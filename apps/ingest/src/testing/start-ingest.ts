import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openFsStores } from '@btf-depot/blob-store';
import type { KernelRecord } from '@btf-depot/contracts';
import { InProcessJobQueue } from '@btf-depot/job-queue';
import {
  commonSettings,
  createLogger,
  Metrics,
  readSettings,
  startHttpService,
} from '@btf-depot/service-kit';
import { TemporaryFolder } from '@btf-depot/testing/temporary-folder';
import { createIngest, uploadSettings } from '../index.ts';

/** Build ingest over a temporary folder, without a compressor. */
export async function startIngest(settings: Partial<Record<keyof typeof uploadSettings, string>>) {
  const temporary = new TemporaryFolder();
  const folder = temporary.path;
  const stores = await openFsStores(folder);
  const queue = new InProcessJobQueue({ onError: () => undefined });
  const log = createLogger('ingest', 'silent');
  const checked = readSettings(
    { ...commonSettings, ...uploadSettings },
    {
      BTFDEPOT_THREADS: '2',
      ...settings,
      BTFDEPOT_PORT: '0',
      BTFDEPOT_DATA: folder,
      BTFDEPOT_AUDIT_LOG: join(folder, 'audit.log'),
    },
  );
  const metrics = new Metrics();
  const ingest = await createIngest({ ...stores, queue, log, metrics }, checked);
  const http = await startHttpService({ ...ingest.http, log, metrics, checks: {} });
  const files = async (path: string) =>
    (await readdir(join(folder, path), { recursive: true, withFileTypes: true }).catch(() => []))
      .filter((entry) => entry.isFile())
      .map(({ name }) => name);
  return {
    folder,
    log,
    metrics,
    url: http.url,
    blobs: stores.blobs,
    records: stores.records,
    tokens: stores.tokens,
    record: async (buildId: string): Promise<KernelRecord | undefined> =>
      (await stores.records.get(buildId))?.record,
    /** The entries of the audit log. */
    audited: async () =>
      (await readFile(join(folder, 'audit.log'), 'utf8'))
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    /** Names of stored and staged files: a refused upload must not add to them. */
    left: async () => ({
      blobs: await files('blobs'),
      records: await files('kernels'),
      // Beside the uploads, what the process tells others that it has reserved.
      staged: (await files('staging')).filter((name) => name !== 'promised'),
    }),
    async stop() {
      await http.close();
      await queue.close();
      await ingest.close();
      temporary[Symbol.dispose]();
    },
  };
}
