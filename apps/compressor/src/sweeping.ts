import {
  announceAll,
  Expiry,
  Healer,
  RecordIndex,
  repack,
  SingleFlight,
  sweep,
  sweptOf,
  type Announcer,
  type BlobStore,
  type Clock,
  type JobQueue,
  type RecordStore,
} from '@btf-depot/depot';
import { RepeatedWarnings, type Logger, type Metrics, type Running } from '@btf-depot/service-kit';

export interface SweepDeps {
  blobs: BlobStore;
  records: RecordStore;
  queue: JobQueue;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
  /** Absent: nobody is notified. */
  announcer?: Announcer | undefined;
}

/**
 * Reads all records, at once and then every `period` milliseconds: adds missing jobs, withdraws
 * expired kernels, announces ready ones, and heals damaged ones.
 */
export function sweepPeriodically(deps: SweepDeps, period: number): Running {
  const { records, queue, clock, log, metrics, announcer } = deps;
  const warnings = new RepeatedWarnings(log);
  const index = new RecordIndex(records, { keep: sweptOf });
  const expiry = new Expiry(records, clock);
  const look = async () => {
    await index.refresh((buildId, error) =>
      log.error({ buildId, detail: detailOf(error) }, 'record is unreadable'),
    );
    metrics.swept(index, index.unread + index.unreadable);
    for (const buildId of await expiry.sweep(index)) log.info({ buildId }, 'its time is over');
    const waiting = await sweep(index, queue);
    for (const buildId of await repack(records, index, queue, waiting)) {
      log.info({ buildId }, 'an earlier compressor left artifacts out, packed again');
    }
    log.debug({ records: index.size, waiting }, 'swept');
  };
  const announce = async () => {
    if (!announcer) return;
    await announceAll(records, announcer, index, (buildId, error) =>
      warnings.warn({ buildId }, 'not announced, the next sweep tries again', error),
    );
  };
  const healer = new Healer(deps);
  const heal = async () => {
    const failed = [...index].filter(({ lostBlob }) => lostBlob).map(({ buildId }) => buildId);
    const { sound, settled, unnamed, back } = await healer.heal(failed);
    for (const kernel of settled) {
      log.error(kernel, 'a blob of a kernel is damaged or lost');
      if (kernel.outcome === 'failed') metrics.jobEnded('failed');
    }
    if (sound.length > 0) log.info({ blobs: sound }, 'noted as damaged, and sound');
    if (back.length > 0) log.info({ kernels: back }, 'their parts are sound again, packed again');
    if (unnamed.length > 0) log.info({ blobs: unnamed }, 'damaged or lost, of no kernel');
  };
  const sweeping = oneAtATime(look, (error) =>
    warnings.warn({}, 'sweep failed, the next one follows', error),
  );
  // Separately: a slow receiver must not delay the jobs.
  const announcing = oneAtATime(announce, (error) => warnings.warn({}, 'not announced', error));
  // Separately: reading damaged blobs takes time.
  const healing = oneAtATime(heal, (error) =>
    warnings.warn({}, 'healing failed, the next sweep tries again', error),
  );
  const tick = () => {
    sweeping.run();
    announcing.run();
    healing.run();
  };
  const timer = setInterval(tick, period);
  tick();
  return {
    async close() {
      clearInterval(timer);
      await Promise.all([sweeping.ended(), announcing.ended(), healing.ended()]);
    },
  };
}

const detailOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** Runs `work` unless it is running; its errors are logged. */
function oneAtATime(work: () => Promise<void>, onError: (error: unknown) => void) {
  const flight = new SingleFlight(() => work().catch(onError));
  return {
    run: () => void flight.run(),
    ended: async () => flight.running(),
  };
}
