import { openMinioStores } from '@btf-depot/blob-store';
import { systemClock } from '@btf-depot/depot';
import {
  publicListener,
  readPublicKeys,
  runService,
  startHttpService,
  storeAddress,
  tokenGuards,
} from '@btf-depot/service-kit';
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
    const http = await startHttpService({
      ...publicListener(settings, guards, false),
      ...fetch,
      log,
      metrics,
      checks: { ...fetch.checks, store: { kind: 'degraded', run: () => stores.blobs.check() } },
    });
    return { ...http, admin: fetch.admin };
  },
);
