import type { Eviction } from '@btf-depot/depot';
import { RepeatedWarnings, type Logger, type Running } from '@btf-depot/service-kit';

/** Milliseconds between two looks: a kernel grows when it is packed, after it was fetched. */
const PERIOD = 600_000;

/** Evicts at once, periodically, and when it is told that something was fetched. */
export function keepEvicting(eviction: Eviction, log: Logger): Running & { soon: () => void } {
  let isOver = false;
  let last = Promise.resolve();
  const warnings = new RepeatedWarnings(log);
  const evict = async () => {
    try {
      for (const kernel of await eviction.run()) log.info(kernel, 'evicted');
    } catch (error) {
      warnings.warn({}, 'not evicted, the next look follows', error);
    }
  };
  const soon = () => {
    if (!isOver) last = last.then(evict);
  };
  const timer = setInterval(soon, PERIOD);
  soon();
  return {
    soon,
    async close() {
      isOver = true;
      clearInterval(timer);
      await last;
    },
  };
}
