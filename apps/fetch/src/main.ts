import { openMinioStores } from '@btf-depot/blob-store';
import { INGEST_ROUTES } from '@btf-depot/contracts/routes';
import { systemClock } from '@btf-depot/depot';
import {
  publicListener,
  queueAddress,
  readPublicKeys,
  RepeatedWarnings,
  routesElsewhere,
  runService,
  startHttpService,
  storeAddress,
  tokenGuards,
  type Settings,
} from '@btf-depot/service-kit';
import { BullmqPulls } from '@btf-depot/job-queue';
import { depotId } from '@btf-depot/upstreams';
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
    const pulls = openPulls(settings, new RepeatedWarnings(log));
    const self = depotId(`${settings.BTFDEPOT_S3_ENDPOINT} ${settings.BTFDEPOT_S3_BUCKET}`);
    const pulling = pulls && { pulls, guard: guards.writes, self };
    const fetch = createFetch({ ...stores, publicKeys, metrics, pulling }, settings, log);
    const others = routesElsewhere(INGEST_ROUTES, {
      says: 'this is fetch, which serves kernels; send uploads to ingest',
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
    return {
      ...http,
      admin: fetch.admin,
      async close() {
        await http.close();
        await pulls?.close();
      },
    };
  },
);

/** Outside readiness: without it nothing is fetched from upstreams, and all else is as it was. */
function openPulls(
  settings: Settings<typeof fetchServiceSettings>,
  warnings: RepeatedWarnings,
): BullmqPulls | undefined {
  const { BTFDEPOT_REDIS_URL: url } = settings;
  if (url === undefined) return undefined;
  const onError = (error: Error) => warnings.warn({}, 'pulls', error);
  return new BullmqPulls({ ...queueAddress({ ...settings, BTFDEPOT_REDIS_URL: url }), onError });
}
