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
import type { Logger, Metrics, Running } from '@btf-depot/service-kit';

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
  const index = new RecordIndex(records, { keep: sweptOf });
  const expiry = new Expiry(records, clock);
  const look = async () => {
    await index.refresh((buildId, error) =>
      log.error({ buildId, err: error }, 'record is unreadable'),
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
      log.warn({ buildId, err: error }, 'not announced, the next sweep tries again'),
    );
  };
  const healer = new Healer(deps);
  const heal = async () => {
    const { sound, settled, unnamed } = await healer.heal();
    for (const kernel of settled) {
      log.error(kernel, 'a blob of a kernel is damaged or lost');
      if (kernel.outcome === 'failed') metrics.jobEnded('failed');
    }
    if (sound.length > 0) log.info({ blobs: sound }, 'noted as damaged, and sound');
    if (unnamed.length > 0) log.info({ blobs: unnamed }, 'damaged or lost, of no kernel');
  };
  const sweeping = oneAtATime(look, (error) =>
    log.warn({ err: error }, 'sweep failed, the next one follows'),
  );
  // Separately: a slow receiver must not delay the jobs.
  const announcing = oneAtATime(announce, (error) => log.warn({ err: error }, 'not announced'));
  // Separately: reading damaged blobs takes time.
  const healing = oneAtATime(heal, (error) =>
    log.warn({ err: error }, 'healing failed, the next sweep tries again'),
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

/** Runs `work` unless it is running; its errors are logged. */
function oneAtATime(work: () => Promise<void>, onError: (error: unknown) => void) {
  const flight = new SingleFlight(() => work().catch(onError));
  return {
    run: () => void flight.run(),
    ended: async () => flight.running(),
  };
}
