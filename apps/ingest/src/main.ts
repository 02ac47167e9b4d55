import { openMinioStores } from '@btf-depot/blob-store';
import { systemClock, Underway } from '@btf-depot/depot';
import { BullmqJobQueue } from '@btf-depot/job-queue';
import {
  createComputePool,
  retryRules,
  runService,
  startHttpService,
  storeAddress,
  tokenGuards,
} from '@btf-depot/service-kit';
import { computeLimits, createIngest, ingestSettings } from './index.ts';

const service = {
  name: 'ingest',
  purpose: 'takes kernels over HTTP, splits them and keeps the parts.',
  settings: ingestSettings,
};

await runService(service, async (settings, log, metrics) => {
  const stores = metrics.timed(await openMinioStores(storeAddress(settings)));
  const guards = tokenGuards(settings, 'uploads', stores.tokens, systemClock);
  const queue = new BullmqJobQueue({
    url: settings.BTFDEPOT_REDIS_URL,
    ...retryRules(settings),
    onError: (error) => log.warn({ err: error }, 'queue'),
  });
  metrics.watchQueue(queue);
  const compute = createComputePool({
    ...computeLimits(settings),
    onError: (error) => log.warn({ err: error }, 'compute'),
  });
  const deps = {
    ...stores,
    queue,
    compute,
    underway: new Underway(),
    clock: systemClock,
    log,
    metrics,
    ...(guards.writes && { guard: guards.writes }),
  };
  const http = await startHttpService({
    host: settings.BTFDEPOT_HOST,
    port: settings.BTFDEPOT_PORT,
    log,
    metrics,
    ...(guards.reads && { readers: guards.reads }),
    router: await createIngest(deps, settings),
    trustedProxies: settings.BTFDEPOT_TRUSTED_PROXIES,
    pages: {
      allowedHosts: settings.BTFDEPOT_ALLOWED_HOSTS,
      onlyHere: guards.writes === undefined,
    },
    checks: { store: () => stores.blobs.check(), queue: () => queue.check() },
  });
  return {
    async close() {
      await http.close();
      await queue.close();
      await compute.close();
    },
  };
});
