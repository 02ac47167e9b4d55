import { parseArgs } from 'node:util';
import { openMinioStores } from '@btf-depot/blob-store';
import { systemClock } from '@btf-depot/depot';
import { BullmqJobQueue } from '@btf-depot/job-queue';
import {
  createComputePool,
  queueSettings,
  moduleSigning,
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
import { queuePage } from './queue-page.ts';
import { announcerOf, webhookSettings } from './webhook/settings.ts';

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
  ...webhookSettings,
};

/** On the command line too: it stands before the environment's. */
const { values: flags } = parseArgs({ options: { concurrency: { type: 'string' } } });

if (flags.concurrency !== undefined) process.env.BTFDEPOT_COMPRESSORS = flags.concurrency;

await runService('compressor', shape, async (settings, log, metrics) => {
  const signingKeys = await readSigningKeys(settings, log);
  const signing = await moduleSigning(settings);
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
    {
      ...{ ...stores, queue, compute, clock: systemClock, log, metrics, signingKeys },
      ...signing,
      ...announcerOf(settings, log),
    },
    settings,
  );
  return {
    admin: queuePage(queue),
    async close() {
      await compressor.close();
      await http.close();
      await queue.close();
      await compute.close();
    },
  };
});
