/**
 * The compressor: takes jobs from the queue, makes the artifacts of a kernel's revision and
 * publishes them in its record. At its start and periodically, it sweeps: records that wait without
 * a job get one.
 */
import { announceKernel, compressKernel } from '@btf-depot/depot';
import type { Announcer, CompressDeps, JobQueue } from '@btf-depot/depot';
import { RepeatedWarnings, type Logger, type Metrics, type Running } from '@btf-depot/service-kit';
import { compressionLevels } from './level-settings.ts';
import type { CompressorSettings } from './settings.ts';
import { sweepPeriodically } from './sweeping.ts';

export { compressorServiceSettings, compressorSettings } from './settings.ts';
export { announcerOf } from './webhook/settings.ts';

export interface CompressorDeps extends Omit<CompressDeps, 'crashLimit' | 'announces' | 'levels'> {
  queue: JobQueue;
  log: Logger;
  metrics: Metrics;
  /** Notified of every ready kernel; absent: nobody is. */
  announcer?: Announcer | undefined;
}

/** Starts to work. `close` waits for the running jobs. */
export function startCompressor(deps: CompressorDeps, settings: CompressorSettings): Running {
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
        log.warn({ buildId, err: error }, 'not announced, a sweep tries again'),
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
