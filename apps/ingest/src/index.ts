/**
 * Build ingest: takes kernels over HTTP, has their BTF split, and makes the parts durable before
 * it answers. `createIngest` is the service without its adapters and its port, so that it runs by
 * itself (main.ts) and within the embedded depot alike.
 */
import type { Router } from 'express';
import { StorageShare, type AcceptDeps, type TokenGuard } from '@btf-depot/depot';
import {
  auditLog,
  recordHandlers,
  serveRoutes,
  type ComputePool,
  type Handlers,
  type Logger,
  type Metrics,
} from '@btf-depot/service-kit';
import { INGEST_ROUTES, RECORD_ROUTES } from '@btf-depot/contracts/routes';
import { Admission } from './admission.ts';
import type { IngestHandlers } from './handlers.ts';
import type { UploadSettings } from './settings.ts';
import { Staging } from './staging.ts';
import { uploadHandler } from './upload.ts';
import { withdrawHandler } from './withdraw.ts';

export { computeLimits, ingestSettings, uploadSettings } from './settings.ts';

/** The routes of build ingest. Makes the staging folder. */
export async function createIngest(
  deps: Omit<AcceptDeps, 'onQueueError'> & {
    compute: ComputePool;
    log: Logger;
    metrics: Metrics;
    guard?: TokenGuard;
  },
  settings: UploadSettings,
): Promise<Router> {
  const staging = new Staging(settings.BTFDEPOT_DATA);
  await staging.open();
  const audit = auditLog(settings.BTFDEPOT_AUDIT_LOG, deps.log);
  const upload = uploadHandler({
    ...deps,
    audit,
    staging,
    storage: new StorageShare(deps.records),
    rules: {
      limit: settings.BTFDEPOT_UPLOAD_LIMIT,
      period: settings.BTFDEPOT_UPLOAD_PERIOD,
      least: settings.BTFDEPOT_UPLOAD_LEAST,
      rate: settings.BTFDEPOT_UPLOAD_RATE,
    },
    admission: new Admission(settings.BTFDEPOT_DATA, {
      uploads: settings.BTFDEPOT_UPLOADS,
      perMinute: settings.BTFDEPOT_TOKEN_RATE,
      keepFree: settings.BTFDEPOT_KEEP_FREE,
    }),
    extras: settings.BTFDEPOT_EXTRAS,
    onQueueError: (error) => deps.log.warn({ err: error }, 'job not added, the sweeper will'),
  });
  const newest = async (buildId: string) => (await deps.records.get(buildId))?.record;
  const handlers: IngestHandlers & Handlers<typeof RECORD_ROUTES> = {
    ...recordHandlers(newest, deps.underway),
    upload,
    put: upload,
    withdraw: withdrawHandler({ ...deps, audit }),
  };
  return serveRoutes({ ...RECORD_ROUTES, ...INGEST_ROUTES }, handlers);
}
