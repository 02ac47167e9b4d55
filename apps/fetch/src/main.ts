import { openMinioStores } from '@btf-depot/blob-store';
import { runService, startHttpService, storeAddress, storeSettings } from '@btf-depot/service-kit';
import { createFetch, fetchSettings } from './index.ts';

await runService('fetch', { ...storeSettings, ...fetchSettings }, async (settings, log) => {
  const stores = await openMinioStores(storeAddress(settings));
  return startHttpService({
    host: settings.BTFDEPOT_HOST,
    port: settings.BTFDEPOT_PORT,
    log,
    checks: { store: () => stores.blobs.check() },
    ...createFetch(stores, settings, log),
  });
});
