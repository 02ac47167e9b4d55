import { openMinioStores } from '@btf-depot/blob-store';
import { runService, startHttpService, storeSettings } from '@btf-depot/service-kit';
import { createFetch, fetchSettings } from './index.ts';

await runService('fetch', { ...storeSettings, ...fetchSettings }, async (settings, log) => {
  const stores = await openMinioStores({
    endpoint: settings.BTFDEPOT_S3_ENDPOINT,
    bucket: settings.BTFDEPOT_S3_BUCKET,
    accessKey: settings.BTFDEPOT_S3_ACCESS_KEY,
    secretKey: settings.BTFDEPOT_S3_SECRET_KEY,
  });
  return startHttpService({
    host: settings.BTFDEPOT_HOST,
    port: settings.BTFDEPOT_PORT,
    log,
    checks: { store: () => stores.blobs.check() },
    ...createFetch(stores, settings),
  });
});
