import type { Stores } from '@btf-depot/blob-store';
import { compressionLevels, compressorSettings } from '@btf-depot/compressor';
import { createComputePool } from '@btf-depot/compute';
import { EXTRA_NAMES, type KernelRecord, type PublicKey } from '@btf-depot/contracts';
import {
  acceptCopy,
  acceptUpload,
  compressKernel,
  hasParts,
  systemClock,
  Underway,
  type AcceptedCopy,
  type Actor,
  type OfferedCopy,
} from '@btf-depot/depot';
import type { ImportTarget, TakenKernel } from '@btf-depot/exchange';
import { InProcessJobQueue } from '@btf-depot/job-queue';
import {
  createLogger,
  logSettings,
  moduleSigning,
  readSettings,
  readSigningKeys,
  retryRules,
  retrySettings,
} from '@btf-depot/service-kit';
import { setTimeout as sleep } from 'node:timers/promises';
import { temporaryFolder } from '../../files/temporary-folder.ts';
import { note } from '../../terminal/output.ts';

const settingsOfTarget = { ...compressorSettings, ...retrySettings, ...logSettings('error') };

/** A store for imports into this process; services may use it meanwhile. */
export interface LocalTarget extends ImportTarget {
  /** Whether the parts of another depot's kernel are here. */
  hasCopy(record: KernelRecord): Promise<boolean>;
  copy(offered: OfferedCopy): Promise<AcceptedCopy & TakenKernel>;
  close(): Promise<void>;
}

export interface TargetOptions {
  present?: AsyncIterable<KernelRecord> | undefined;
  keys?: readonly PublicKey[] | undefined;
}

/**
 * @param principal owner of the kernels from now on, of the rank `import`.
 * @param options `present`: records elsewhere that also count as imported; `keys`: one of them must
 *   have signed a copy.
 */
export async function openLocalTarget(
  stores: Stores,
  principal: string,
  { present = recordsOf(stores), keys }: TargetOptions = {},
): Promise<LocalTarget> {
  const settings = readSettings(settingsOfTarget, process.env);
  const log = createLogger('import', settings.BTFDEPOT_LOG_LEVEL);
  const signingKeys = await readSigningKeys(settings, log);
  const compute = createComputePool({ onError: (error) => note(error.message) });
  const queue = new InProcessJobQueue({
    ...retryRules(settings),
    onError: (error) => note(error.message),
  });
  const packing = {
    ...stores,
    ...(await moduleSigning(settings)),
    compute,
    clock: systemClock,
    signingKeys,
    announces: false,
    crashLimit: settings.BTFDEPOT_JOB_CRASHES,
    levels: compressionLevels(settings),
  };
  const stop = new AbortController();
  const worker = queue.work(
    (job, attempt) => compressKernel(packing, job, attempt, stop.signal).then(() => undefined),
    {
      concurrency: 1,
    },
  );
  const sources = new Set<string>();
  const known = new Map<string, KernelRecord>();
  for await (const record of present) {
    known.set(record.buildId, record);
    if (record.state === 'failed' || record.state === 'withdrawn') continue;
    for (const { sha256 } of record.sources) sources.add(sha256);
  }
  const actor: Actor = { principal, scopes: ['upload'] };
  const onQueueError = (error: unknown) => note(String(error));
  const deps = {
    ...stores,
    queue,
    compute,
    clock: systemClock,
    underway: new Underway(),
    onQueueError,
  };
  const taken = async (buildId: string, signal?: AbortSignal): Promise<TakenKernel> => {
    const { release, state, failure, parts } = await packed(stores, buildId, signal);
    const variables = parts.vars?.variables;
    return { buildId, release, variables, error: state === 'failed' ? failure : undefined };
  };
  return {
    has: ({ sha256 }) => Promise.resolve(sources.has(sha256)),
    hasCopy(record) {
      const current = known.get(record.buildId);
      return Promise.resolve(current?.state === 'ready' && hasParts(current, record));
    },
    async take(file, _item, signal) {
      await using folder = await temporaryFolder();
      const upload = { kernel: file, folder: folder.path, actor, split: { extras: EXTRA_NAMES } };
      const { results } = await acceptUpload(deps, upload, signal);
      const kernels: TakenKernel[] = [];
      for (const { buildId, accepted, error } of results) {
        if (accepted) kernels.push(await taken(accepted.record.buildId, signal));
        else
          kernels.push({ buildId, error: error && { code: error.code, message: error.message } });
      }
      sources.add(file.sha256);
      return kernels;
    },
    async copy(offered) {
      const accepted = await acceptCopy(deps, offered, actor, { keys, signal: stop.signal });
      return { ...accepted, ...(await taken(accepted.record.buildId)) };
    },
    async close() {
      stop.abort();
      await worker.close();
      await queue.close();
      await compute.close();
    },
  };
}

async function* recordsOf({ records }: Stores): AsyncGenerator<KernelRecord> {
  for await (const { buildId } of records.list()) {
    const stored = await records.get(buildId).catch(() => undefined);
    if (stored) yield stored.record;
  }
}

/** The record, once its artifacts exist or cannot be made. */
async function packed(
  { records }: Stores,
  buildId: string,
  signal?: AbortSignal,
): Promise<KernelRecord> {
  for (;;) {
    const stored = await records.get(buildId);
    if (stored && stored.record.state !== 'compressing') return stored.record;
    await sleep(100, undefined, { signal });
  }
}
