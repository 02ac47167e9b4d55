/**
 * The compressor: takes jobs from the queue, makes the artifacts of a kernel's revision and
 * publishes them in its record. At its start and periodically, it sweeps: records that wait without
 * a job get one.
 */
import { createComputePool } from '@btf-depot/compute';
import type { PublicKey } from '@btf-depot/contracts';
import { announceKernel, compressKernel, systemClock } from '@btf-depot/depot';
import type {
  Announcer,
  BlobStore,
  CompressDeps,
  Compute,
  JobQueue,
  RecordStore,
} from '@btf-depot/depot';
import {
  moduleSigning,
  readSigningKeys,
  RepeatedWarnings,
  type Logger,
  type Metrics,
  type Running,
} from '@btf-depot/service-kit';
import { compressionLevels } from './level-settings.ts';
import type { CompressorSettings } from './settings.ts';
import { sweepPeriodically } from './sweeping.ts';
import { announcerOf } from './webhook/settings.ts';

export { compressionLevels } from './level-settings.ts';
export { compressorServiceSettings, compressorSettings } from './settings.ts';

export interface CompressorAdapters {
  blobs: BlobStore;
  records: RecordStore;
  queue: JobQueue;
  log: Logger;
  metrics: Metrics;
  /** Shared with others, who close it; absent: threads of its own. */
  compute?: Compute | undefined;
  /** Notified of every ready kernel; absent: the webhook of the settings, if they name one. */
  announcer?: Announcer | undefined;
}

export interface Compressor extends Running {
  /** Of the keys that it signs manifests with, the first one first. */
  publicKeys: readonly PublicKey[];
  /** Takes jobs and sweeps from now on. `close` waits for the running jobs. */
  start(): void;
}

/**
 * Build the compressor around a store and a queue: the service by itself, the embedded depot and
 * the tests are all put together here.
 * @throws SettingsError where a key or a signer cannot be used.
 */
export async function createCompressor(
  adapters: CompressorAdapters,
  settings: CompressorSettings,
): Promise<Compressor> {
  const { log } = adapters;
  const signingKeys = await readSigningKeys(settings, log);
  const signing = await moduleSigning(settings);
  const { announcer } = announcerOf(settings, log);
  const shared = adapters.compute;
  const { compute, closeCompute } = shared
    ? { compute: shared, closeCompute: () => Promise.resolve() }
    : ownCompute(settings, log);
  let running: Running | undefined;
  return {
    publicKeys: signingKeys.map(({ publicKey }) => publicKey),
    start() {
      running = work(
        {
          ...adapters,
          ...signing,
          announcer: adapters.announcer ?? announcer,
          compute,
          clock: systemClock,
          signingKeys,
        },
        settings,
      );
    },
    async close() {
      await running?.close();
      await closeCompute();
    },
  };
}

function ownCompute(settings: CompressorSettings, log: Logger) {
  const warnings = new RepeatedWarnings(log);
  const compute = createComputePool({
    threads: settings.BTFDEPOT_COMPRESSORS,
    onError: (error) => warnings.warn({}, 'compute', error),
  });
  return { compute, closeCompute: () => compute.close() };
}

interface WorkDeps extends Omit<CompressDeps, 'crashLimit' | 'announces' | 'levels'> {
  queue: JobQueue;
  log: Logger;
  metrics: Metrics;
  announcer?: Announcer | undefined;
}

function work(deps: WorkDeps, settings: CompressorSettings): Running {
  const { log, announcer } = deps;
  const crashLimit = settings.BTFDEPOT_JOB_CRASHES;
  const levels = compressionLevels(settings);
  const warnings = new RepeatedWarnings(log);
  const stop = new AbortController();
  const announcing = new Set<Promise<void>>();
  const announceSoon = (buildId: string) => {
    if (!announcer) return;
    const announced = announceKernel(deps.records, announcer, buildId)
      .catch((error: unknown) =>
        warnings.warn({ buildId }, 'not announced, a sweep tries again', error),
      )
      .finally(() => announcing.delete(announced));
    announcing.add(announced);
  };
  const worker = deps.queue.work(
    async (job, attempt) => {
      const { buildId, revision } = job;
      const started = performance.now();
      log.debug({ buildId, revision }, 'job starts');
      if (attempt.crashes > 0) deps.metrics.jobStalled();
      try {
        const compressing = { ...deps, crashLimit, levels, announces: announcer !== undefined };
        const outcome = await deps.metrics.stage('compress', () =>
          compressKernel(compressing, job, attempt, stop.signal),
        );
        deps.metrics.jobEnded(outcome);
        const ms = Math.round(performance.now() - started);
        log[outcome === 'failed' ? 'error' : 'info']({ buildId, revision, outcome, ms }, 'job');
        if (outcome === 'published') announceSoon(buildId);
      } catch (error) {
        deps.metrics.jobEnded('retry');
        warnings.warn({ buildId, revision, last: attempt.last }, 'job will be tried again', error);
        throw error;
      }
    },
    { concurrency: settings.BTFDEPOT_COMPRESSORS },
  );
  const sweeping = sweepPeriodically(deps, settings.BTFDEPOT_SWEEP_PERIOD);
  return {
    async close() {
      await sweeping.close();
      await worker.close();
      await Promise.all(announcing);
    },
  };
}
