import { openFsStores } from '@btf-depot/blob-store';
import type { KernelRecord } from '@btf-depot/contracts';
import { createLogger, startHttpService } from '@btf-depot/service-kit';
import { kernelRecord, sha256Of } from '@btf-depot/testing';
import { TemporaryFolder } from '@btf-depot/testing/temporary-folder';
import { createFetch, type FetchSettings } from '../index.ts';

const MEBI = 1024 * 1024;

export const TEST_SETTINGS: FetchSettings = {
  BTFDEPOT_HOT_BLOBS: MEBI,
  BTFDEPOT_OPEN_KERNELS: 16 * MEBI,
  BTFDEPOT_HOT_ANSWERS: MEBI,
  BTFDEPOT_ANSWER_SIZE: 4 * MEBI,
  // Generous: no test may fail because the machine is busy.
  BTFDEPOT_ANSWER_TIME: 30_000,
  BTFDEPOT_QUESTION_TIME: 60_000,
  BTFDEPOT_QUESTION_MEMORY: 512 * MEBI,
  BTFDEPOT_CLIENT_BUDGET: 0,
  BTFDEPOT_PULL_BUDGET: 20,
  BTFDEPOT_RECORD_AGE: 1000,
  BTFDEPOT_LIST_AGE: 0,
};

/** The service over an empty folder. */
export async function startFetch(settings: Partial<FetchSettings> = {}) {
  const temporary = new TemporaryFolder();
  const folder = temporary.path;
  const stores = await openFsStores(folder);
  const log = createLogger('fetch', 'silent');
  const service = await startHttpService({
    host: '127.0.0.1',
    port: 0,
    log,
    ...createFetch(stores, { ...TEST_SETTINGS, ...settings }, log),
  });
  return {
    ...stores,
    folder,
    url: service.url,
    get: (path: string, init?: RequestInit) => fetch(service.url + path, init),
    /** Stores a kernel's parts and its record. */
    async store(
      parts: { core: Uint8Array; vars?: Uint8Array },
      overrides: Partial<KernelRecord> = {},
    ): Promise<KernelRecord> {
      const blobs: Uint8Array[] = Object.values(parts);
      for (const bytes of blobs) await stores.blobs.put(sha256Of(bytes), bytes);
      const record = recordOf(parts, overrides);
      const stored = await stores.records.get(record.buildId);
      await stores.records.put(record, stored?.version);
      return record;
    },
    async close() {
      await service.close();
      temporary[Symbol.dispose]();
    },
  };
}

export type StartedFetch = Awaited<ReturnType<typeof startFetch>>;

function recordOf(
  { core, vars }: { core: Uint8Array; vars?: Uint8Array },
  overrides: Partial<KernelRecord>,
): KernelRecord {
  const baseSha256 = sha256Of(core);
  const entry = { sha256: baseSha256, size: core.length, types: 1 };
  return kernelRecord({
    state: 'ready',
    core: { ...entry, origin: 'verbatim' },
    parts: vars
      ? {
          vars: {
            sha256: sha256Of(vars),
            size: vars.length,
            types: 1,
            variables: 1,
            origin: 'full',
            baseSha256,
          },
        }
      : {},
    ...overrides,
  });
}
