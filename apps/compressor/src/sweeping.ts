import {
  announceAll,
  Expiry,
  RecordIndex,
  repack,
  SingleFlight,
  sweep,
  sweptOf,
  type Announcer,
  type Clock,
  type JobQueue,
  type RecordStore,
} from '@btf-depot/depot';
import type { Logger, Metrics, Running } from '@btf-depot/service-kit';

export interface SweepDeps {
  records: RecordStore;
  queue: JobQueue;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
  /** Absent: nobody is told. */
  announcer?: Announcer | undefined;
}

/**
 * Looks at all records, at once and then every `period` milliseconds: gives those that wait their
 * job, withdraws those whose time is over, announces those that are still to be.
 */
export function sweepPeriodically(deps: SweepDeps, period: number): Running {
  const { records, queue, clock, log, metrics, announcer } = deps;
  const index = new RecordIndex(records, { keep: sweptOf });
  const expiry = new Expiry(records, clock);
  const look = async () => {
    await index.refresh((buildId, error) =>
      log.error({ buildId, err: error }, 'record is unreadable'),
    );
    metrics.swept([...index].map(({ state }) => state));
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
  const sweeping = oneAtATime(look, (error) =>
    log.warn({ err: error }, 'sweep failed, the next one follows'),
  );
  // By itself: a receiver that lets us wait must not hold up what compressors wait for.
  const announcing = oneAtATime(announce, (error) => log.warn({ err: error }, 'not announced'));
  const tick = () => {
    sweeping.run();
    announcing.run();
  };
  const timer = setInterval(tick, period);
  tick();
  return {
    async close() {
      clearInterval(timer);
      await Promise.all([sweeping.ended(), announcing.ended()]);
    },
  };
}

/** Runs `work` unless it is running; what it throws is told. */
function oneAtATime(work: () => Promise<void>, onError: (error: unknown) => void) {
  const flight = new SingleFlight(() => work().catch(onError));
  return {
    run: () => void flight.run(),
    ended: async () => flight.running(),
  };
}
