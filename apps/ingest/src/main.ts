import { openMinioStores } from '@btf-depot/blob-store';
import { BullmqJobQueue, BullmqPulls } from '@btf-depot/job-queue';
import { FETCH_ROUTES } from '@btf-depot/contracts/routes';
import {
  queueAddress,
  RepeatedWarnings,
  retryRules,
  routesElsewhere,
  runService,
  startHttpService,
  storeAddress,
  type Checks,
} from '@btf-depot/service-kit';
import { Router } from 'express';
import { createIngest, ingestSettings } from './index.ts';

const service = {
  name: 'ingest',
  purpose: 'takes kernels over HTTP, splits them and keeps the parts.',
  settings: ingestSettings,
};

await runService(service, async (settings, log, metrics) => {
  const stores = metrics.timed(await openMinioStores(storeAddress(settings), { probe: true }));
  const warnings = new RepeatedWarnings(log);
  const queue = new BullmqJobQueue({
    ...queueAddress(settings),
    ...retryRules(settings),
    onError: (error) => warnings.warn({}, 'queue', error),
  });
  for (const what of await queue.inspect()) log.warn({ what }, 'queue');
  metrics.watchQueue(queue);
  const pulls = new BullmqPulls({
    ...queueAddress(settings),
    onError: (error) => warnings.warn({}, 'pulls', error),
  });
  const ingest = await createIngest({ ...stores, queue, pulls, log, metrics }, settings);
  const checks: Checks = {
    ...ingest.checks,
    // The sweeper finds the work of lost jobs in the records.
    queue: { kind: 'degraded', run: () => queue.check() },
  };
  const others = routesElsewhere(FETCH_ROUTES, {
    says: 'this is ingest, which takes uploads; ask fetch',
    url: settings.BTFDEPOT_FETCH_URL,
  });
  const router = Router().use(ingest.http.router, others);
  const http = await startHttpService({ ...ingest.http, router, log, metrics, checks });
  return {
    drain: http.drain,
    async close() {
      await http.close();
      await queue.close();
      await ingest.close();
      await pulls.close();
    },
  };
});
