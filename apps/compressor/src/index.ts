/**
 * The compressor: takes jobs from the queue, makes the artifacts of a kernel's revision and
 * publishes them in its record. At start, and from then on periodically, it sweeps: records that
 * wait without a job get one.
 */
import { compressKernel, Expiry, RecordIndex, sweep, sweptOf } from '@btf-depot/depot';
import type { CompressDeps, JobQueue } from '@btf-depot/depot';
import type { Logger, Metrics, Running } from '@btf-depot/service-kit';

export { compressorSettings } from './settings.ts';

export interface CompressorSettings {
  BTFDEPOT_COMPRESSORS: number;
  BTFDEPOT_JOB_CRASHES: number;
  BTFDEPOT_SWEEP_PERIOD: number;
}

/** Starts to work. `close` lets the jobs under way finish. */
export function startCompressor(
  deps: Omit<CompressDeps, 'crashLimit'> & { queue: JobQueue; log: Logger; metrics: Metrics },
  settings: CompressorSettings,
): Running {
  const { log } = deps;
  const crashLimit = settings.BTFDEPOT_JOB_CRASHES;
  const stop = new AbortController();
  const worker = deps.queue.work(
    async (job, attempt) => {
      const { buildId, revision } = job;
      const started = performance.now();
      log.debug({ buildId, revision }, 'job starts');
      try {
        const outcome = await deps.metrics.stage('compress', () =>
          compressKernel({ ...deps, crashLimit }, job, attempt, stop.signal),
        );
        const ms = Math.round(performance.now() - started);
        log[outcome === 'failed' ? 'error' : 'info']({ buildId, revision, outcome, ms }, 'job');
      } catch (error) {
        log.warn({ buildId, revision, err: error, last: attempt.last }, 'job will be tried again');
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
    },
  };
}

function sweepPeriodically(
  { records, queue, clock, log, metrics }: Parameters<typeof startCompressor>[0],
  period: number,
): Running {
  const index = new RecordIndex(records, sweptOf);
  const expiry = new Expiry(records, clock);
  let running: Promise<void> | undefined;
  const once = async () => {
    try {
      await index.refresh((buildId, error) =>
        log.error({ buildId, err: error }, 'record is unreadable'),
      );
      metrics.swept([...index].map(({ state }) => state));
      for (const buildId of await expiry.sweep(index)) log.info({ buildId }, 'its time is over');
      const waiting = await sweep(index, queue);
      log.debug({ records: index.size, waiting }, 'swept');
    } catch (error) {
      log.warn({ err: error }, 'sweep failed, the next one follows');
    }
  };
  const tick = () => {
    running ??= once().finally(() => (running = undefined));
  };
  const timer = setInterval(tick, period);
  tick();
  return {
    async close() {
      clearInterval(timer);
      await running;
    },
  };
}
