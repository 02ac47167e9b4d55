/**
 * Build ingest: takes kernels over HTTP, splits their BTF, and makes the parts durable before it
 * answers. `createIngest` is the service without its adapters and its port, for main.ts, the
 * embedded depot and the tests.
 */
import { decompressAny } from '@btf-depot/codec';
import type { Router } from 'express';
import {
  Eviction,
  StorageShare,
  systemClock,
  Underway,
  type AskedNotes,
  type BlobStore,
  type DepotError,
  type JobQueue,
  type PullHandler,
  type PullQueue,
  type RecordStore,
  type TokenGuard,
  type TokenStore,
} from '@btf-depot/depot';
import { createComputePool, rpmSignature, type ComputePool } from '@btf-depot/compute';
import {
  auditLog,
  publicListener,
  readPublicKeyFiles,
  recordHandlers,
  RepeatedWarnings,
  serveRoutes,
  tokenGuards,
  type Check,
  type commonSettings,
  type Handlers,
  type Logger,
  type Metrics,
  type Running,
  type Settings,
} from '@btf-depot/service-kit';
import { INGEST_ROUTES, RECORD_ROUTES } from '@btf-depot/contracts/routes';
import { openUpstream, type UpstreamAddress } from '@btf-depot/upstreams';
import { Admission } from './upload/admission.ts';
import { CheckedStore } from './checked-store.ts';
import { DiskSpace, freeBytes } from './upload/disk-space.ts';
import type { IngestHandlers } from './handlers.ts';
import { computeLimits, type UploadSettings } from './settings.ts';
import { keepEvicting } from './pull/keep-evicting.ts';
import { pullHandler, type PullDeps } from './pull/pull-kernel.ts';
import { lookingInto } from './pull/look-into.ts';
import { upstreamLimits, upstreamTrust } from './pull/settings.ts';
import { Staging } from './upload/staging.ts';
import { uploadHandler } from './upload/upload.ts';
import { withdrawHandler } from './withdraw.ts';

export { ingestSettings, uploadSettings } from './settings.ts';

export interface IngestAdapters {
  blobs: BlobStore;
  records: RecordStore;
  tokens: TokenStore;
  asked: AskedNotes;
  /** See Stores of libs/blob-store. */
  checkWrites: () => Promise<void>;
  queue: JobQueue;
  /** Absent: nothing is fetched from upstreams. */
  pulls?: PullQueue | undefined;
  log: Logger;
  metrics: Metrics;
}

export interface Ingest {
  /** Options of `startHttpService`, besides its caller's checks and log. */
  http: ReturnType<typeof publicListener> & {
    router: Router;
    onLate: (reason: DepotError) => void;
  };
  checks: Record<'store' | 'room', Check>;
  compute: ComputePool;
  /** Checks tokens of uploads and withdrawals; absent: no token is needed. */
  guard?: TokenGuard | undefined;
  /** What is being split in this process. */
  underway: Underway;
  /** Starts fetching missing kernels from these upstreams. */
  pullFrom: (upstreams: readonly UpstreamAddress[]) => void;
  /** Stop listening first. Waits for running computations. */
  close(): Promise<void>;
}

/**
 * Build ingest around a store and a queue, for the service, the embedded depot and the tests. Makes
 * the staging folder.
 * @throws SettingsError if uploads would be open to other machines.
 */
export async function createIngest(
  adapters: IngestAdapters,
  settings: Settings<typeof commonSettings> & UploadSettings,
): Promise<Ingest> {
  const { log, records } = adapters;
  const guards = tokenGuards(settings, 'uploads', adapters.tokens, systemClock);
  const warnings = new RepeatedWarnings(log);
  const compute = createComputePool({
    ...computeLimits(settings),
    onError: (error) => warnings.warn({}, 'compute', error),
  });
  const underway = new Underway();
  const deps = { ...adapters, compute, underway, guard: guards.writes, clock: systemClock };
  const staging = new Staging(settings.BTFDEPOT_DATA);
  await staging.open();
  const audit = auditLog(settings.BTFDEPOT_AUDIT_LOG, log);
  const admission = new Admission({
    uploads: settings.BTFDEPOT_UPLOADS,
    perMinute: settings.BTFDEPOT_TOKEN_RATE,
  });
  const space = new DiskSpace(
    () => freeBytes(settings.BTFDEPOT_DATA),
    settings.BTFDEPOT_KEEP_FREE,
    staging,
  );
  adapters.metrics.watchDisk(() => space.look());
  const store = new CheckedStore(adapters.checkWrites);
  const onQueueError = (error: unknown) =>
    warnings.warn({}, 'job not added, the sweeper will', error);
  const workers: Running[] = [];
  const keys = await readPublicKeyFiles('BTFDEPOT_UPSTREAM_KEYS', settings.BTFDEPOT_UPSTREAM_KEYS);
  const pullFrom = (upstreams: readonly UpstreamAddress[]) => {
    const pulling = { ...deps, staging, space, onQueueError, keys };
    workers.push(...startPulling(upstreams, pulling, adapters, settings));
  };
  pullFrom(settings.BTFDEPOT_UPSTREAMS);
  const upload = uploadHandler({
    ...deps,
    audit,
    staging,
    storage: new StorageShare(records),
    rules: {
      limit: settings.BTFDEPOT_UPLOAD_LIMIT,
      period: settings.BTFDEPOT_UPLOAD_PERIOD,
      least: settings.BTFDEPOT_UPLOAD_LEAST,
      rate: settings.BTFDEPOT_UPLOAD_RATE,
    },
    admission,
    space,
    checkStore: () => store.check(),
    extras: settings.BTFDEPOT_EXTRAS,
    onQueueError,
  });
  const newest = async (buildId: string) => (await records.get(buildId))?.record;
  const handlers: IngestHandlers & Handlers<typeof RECORD_ROUTES> = {
    ...recordHandlers(newest, underway),
    upload,
    put: upload,
    withdraw: withdrawHandler({ ...deps, audit }),
  };
  const router = serveRoutes({ ...RECORD_ROUTES, ...INGEST_ROUTES }, handlers);
  return {
    http: {
      ...publicListener(settings, guards, true),
      router,
      onLate: (reason) => admission.cutAll(reason),
    },
    checks: {
      store: { kind: 'hard', run: () => store.check() },
      room: { kind: 'hard', run: () => space.checkRoom() },
    },
    compute,
    guard: guards.writes,
    underway,
    pullFrom,
    async close() {
      await Promise.all(workers.map((worker) => worker.close()));
      await compute.close();
      await staging.close();
    },
  };
}

/** Bytes of an archive's index that is no longer compressed. */
const MAX_INDEX = 2 ** 30;

/** Fetches missing kernels; without upstreams nothing is fetched. */
function startPulling(
  addresses: readonly UpstreamAddress[],
  deps: Pick<
    PullDeps,
    'compute' | 'staging' | 'space' | 'underway' | 'clock' | 'onQueueError' | 'keys'
  >,
  { pulls, ...adapters }: IngestAdapters,
  settings: UploadSettings,
): Running[] {
  const limits = upstreamLimits(settings);
  const trust = upstreamTrust(settings);
  const unpacked = (bytes: Uint8Array) => decompressAny(bytes, { limit: MAX_INDEX });
  const look = lookingInto(deps);
  const upstreams = addresses.map((one) =>
    openUpstream(one, { limits, trust, unpacked, rpmSignature, look: look(one.name) }),
  );
  if (upstreams.length === 0 || !pulls) return [];
  const handle = pullHandler({
    ...adapters,
    ...deps,
    upstreams,
    extras: settings.BTFDEPOT_EXTRAS,
    breaks: limits.breaks,
    timeMs: settings.BTFDEPOT_PULL_TIME,
  });
  const eviction = new Eviction({ ...adapters, ...deps }, settings.BTFDEPOT_PULLED_SPACE);
  const evicting = keepEvicting(eviction, adapters.log);
  const work: PullHandler = async (job, attempt) => {
    const outcome = await handle(job, attempt);
    if (outcome === 'pulled') evicting.soon();
    return outcome;
  };
  return [pulls.work(work, { concurrency: settings.BTFDEPOT_PULLS }), evicting];
}
