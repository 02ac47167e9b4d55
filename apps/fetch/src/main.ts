import { openMinioStores } from '@btf-depot/blob-store';
import { INGEST_ROUTES } from '@btf-depot/contracts/routes';
import { systemClock } from '@btf-depot/depot';
import {
  publicListener,
  readPublicKeys,
  routesElsewhere,
  runService,
  startHttpService,
  storeAddress,
  tokenGuards,
} from '@btf-depot/service-kit';
import { Router } from 'express';
import { createFetch } from './index.ts';
import { fetchServiceSettings } from './settings.ts';

await runService(
  {
    name: 'fetch',
    purpose: 'serves what fits a kernel, by its build ID.',
    settings: fetchServiceSettings,
  },
  async (settings, log, metrics) => {
    const publicKeys = await readPublicKeys(settings);
    const stores = metrics.timed(await openMinioStores(storeAddress(settings)));
    const guards = tokenGuards(settings, 'nothing', stores.tokens, systemClock);
    const fetch = createFetch({ ...stores, publicKeys, metrics }, settings, log);
    const others = routesElsewhere(INGEST_ROUTES, {
      says: 'this is fetch, which serves kernels; ingest takes uploads',
      url: settings.BTFDEPOT_INGEST_URL,
    });
    const http = await startHttpService({
      ...publicListener(settings, guards, false),
      ...fetch,
      router: Router().use(fetch.router, others),
      log,
      metrics,
      checks: { ...fetch.checks, store: { kind: 'degraded', run: () => stores.blobs.check() } },
    });
    return { ...http, admin: fetch.admin };
  },
);
