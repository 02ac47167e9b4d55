import { openMinioStores } from '@btf-depot/blob-store';
import { systemClock } from '@btf-depot/depot';
import { BullmqJobQueue } from '@btf-depot/job-queue';
import {
  createComputePool,
  queueSettings,
  readSigningKeys,
  retryRules,
  retrySettings,
  runService,
  seconds,
  startHttpService,
  storeAddress,
  storeSettings,
} from '@btf-depot/service-kit';
import { compressorSettings, startCompressor } from './index.ts';

const silence = {
  /** A job whose compressor was not heard of for so long is given to another one. */
  BTFDEPOT_JOB_SILENCE: seconds.prefault('30'),
};
const shape = {
  ...storeSettings,
  ...queueSettings,
  ...retrySettings,
  ...compressorSettings,
  ...silence,
};

await runService('compressor', shape, async (settings, log, metrics) => {
  const signingKeys = await readSigningKeys(settings, log);
  const stores = metrics.timed(await openMinioStores(storeAddress(settings)));
  const queue = new BullmqJobQueue({
    url: settings.BTFDEPOT_REDIS_URL,
    ...retryRules(settings),
    silenceMs: settings.BTFDEPOT_JOB_SILENCE,
    onError: (error) => log.warn({ err: error }, 'queue'),
  });
  metrics.watchQueue(queue);
  const compute = createComputePool({
    threads: settings.BTFDEPOT_COMPRESSORS,
    onError: (error) => log.warn({ err: error }, 'compute'),
  });
  // Nothing but health: whoever runs it wants to know that it is there.
  const http = await startHttpService({
    host: settings.BTFDEPOT_HOST,
    port: settings.BTFDEPOT_PORT,
    log,
    checks: { store: () => stores.blobs.check(), queue: () => queue.check() },
  });
  const compressor = startCompressor(
    { ...stores, queue, compute, clock: systemClock, log, metrics, signingKeys },
    settings,
  );
  return {
    async close() {
      await compressor.close();
      await http.close();
      await queue.close();
      await compute.close();
    },
  };
});
