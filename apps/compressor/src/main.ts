import { openMinioStores } from '@btf-depot/blob-store';
import { systemClock } from '@btf-depot/depot';
import { BullmqJobQueue } from '@btf-depot/job-queue';
import { createComputePool } from '@btf-depot/compute';
import {
  moduleSigning,
  readSigningKeys,
  queueAddress,
  RepeatedWarnings,
  retryRules,
  runService,
  startHttpService,
  storeAddress,
} from '@btf-depot/service-kit';
import { startCompressor } from './index.ts';
import { queuePage } from './queue-page.ts';
import { compressorServiceSettings } from './settings.ts';
import { announcerOf } from './webhook/settings.ts';

const service = {
  name: 'compressor',
  purpose: 'makes the artifacts of kernels and publishes them.',
  settings: compressorServiceSettings,
  flags: { concurrency: 'BTFDEPOT_COMPRESSORS' },
} as const;

await runService(service, async (settings, log, metrics) => {
  const signingKeys = await readSigningKeys(settings, log);
  const signing = await moduleSigning(settings);
  const stores = metrics.timed(await openMinioStores(storeAddress(settings), { probe: true }));
  const warnings = new RepeatedWarnings(log);
  const queue = new BullmqJobQueue({
    ...queueAddress(settings),
    ...retryRules(settings),
    silenceMs: settings.BTFDEPOT_JOB_SILENCE,
    onError: (error) => warnings.warn({}, 'queue', error),
  });
  for (const what of await queue.inspect()) log.warn({ what }, 'queue');
  metrics.watchQueue(queue);
  const compute = createComputePool({
    threads: settings.BTFDEPOT_COMPRESSORS,
    onError: (error) => log.warn({ err: error }, 'compute'),
  });
  // Only health, for its operator.
  const http = await startHttpService({
    host: settings.BTFDEPOT_HOST,
    port: settings.BTFDEPOT_PORT,
    log,
    checks: {
      store: { kind: 'hard', run: stores.checkWrites },
      queue: { kind: 'hard', run: () => queue.check() },
    },
  });
  const compressor = startCompressor(
    {
      ...stores,
      ...signing,
      ...announcerOf(settings, log),
      queue,
      compute,
      clock: systemClock,
      log,
      metrics,
      signingKeys,
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
