import { openMinioStores } from '@btf-depot/blob-store';
import { BullmqJobQueue } from '@btf-depot/job-queue';
import {
  queueAddress,
  RepeatedWarnings,
  retryRules,
  runService,
  startHttpService,
  storeAddress,
} from '@btf-depot/service-kit';
import { createCompressor } from './index.ts';
import { queuePage } from './queue-page.ts';
import { compressorServiceSettings } from './settings.ts';

const service = {
  name: 'compressor',
  purpose: 'makes the artifacts of kernels and publishes them.',
  settings: compressorServiceSettings,
  flags: { concurrency: 'BTFDEPOT_COMPRESSORS' },
} as const;

await runService(service, async (settings, log, metrics) => {
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
  const compressor = await createCompressor({ ...stores, queue, log, metrics }, settings);
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
  compressor.start();
  return {
    admin: queuePage(queue),
    async close() {
      await compressor.close();
      await http.close();
      await queue.close();
    },
  };
});
