import { openFsStores } from '@btf-depot/blob-store';
import { announcerOf, compressorSettings, startCompressor } from '@btf-depot/compressor';
import type { PublicKey } from '@btf-depot/contracts';
import { systemClock, Underway } from '@btf-depot/depot';
import { createFetch, fetchSettings } from '@btf-depot/fetch';
import { computeLimits, createIngest, uploadSettings } from '@btf-depot/ingest';
import { InProcessJobQueue } from '@btf-depot/job-queue';
import {
  commonSettings,
  createComputePool,
  logSettings,
  Metrics,
  moduleSigning,
  readSigningKeys,
  retryRules,
  startAdmin,
  startHttpService,
  tokenGuards,
  type Logger,
  type Running,
  type Settings,
} from '@btf-depot/service-kit';
import { Router } from 'express';

/** Every setting of the embedded depot: those of the three services together. */
export const embeddedSettings = {
  ...commonSettings,
  // The log is for operators; a person at a terminal has what `serve` prints.
  ...logSettings('warn'),
  ...uploadSettings,
  ...compressorSettings,
  ...fetchSettings,
};

export interface EmbeddedDepot extends Running {
  url: string;
  /** Of its signing keys, the first one first. */
  publicKeys: readonly PublicKey[];
  /** Whether the store held no kernel when the depot started. */
  wasEmpty: boolean;
}

/** The three services in this process, over a folder and a queue in memory. */
export async function startEmbedded(
  settings: Settings<typeof embeddedSettings>,
  log: Logger,
): Promise<EmbeddedDepot> {
  const metrics = new Metrics();
  const signingKeys = await readSigningKeys(settings, log);
  const signing = await moduleSigning(settings);
  const publicKeys = signingKeys.map(({ publicKey }) => publicKey);
  const stores = metrics.timed(await openFsStores(settings.BTFDEPOT_DATA));
  const guards = tokenGuards(settings, 'uploads', stores.tokens, systemClock);
  const wasEmpty = (await stores.records.list()[Symbol.asyncIterator]().next()).done === true;
  const queue = new InProcessJobQueue({
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
    signingKeys,
    ...signing,
    ...(guards.writes && { guard: guards.writes }),
  };
  const fetch = createFetch(
    { ...stores, publicKeys, underway: deps.underway, metrics },
    settings,
    log,
  );
  const router = Router();
  // Fetch first: it knows more of the paths that both have.
  router.use(fetch.router, await createIngest(deps, settings));
  const http = await startHttpService({
    host: settings.BTFDEPOT_HOST,
    port: settings.BTFDEPOT_PORT,
    log,
    metrics,
    ...(guards.reads && { readers: guards.reads }),
    router,
    hot: fetch.hot,
    finishes: fetch.finishes,
    open: fetch.open,
    reads: fetch.reads,
    trustedProxies: settings.BTFDEPOT_TRUSTED_PROXIES,
    pages: {
      allowedHosts: settings.BTFDEPOT_ALLOWED_HOSTS,
      onlyHere: guards.writes === undefined,
    },
    checks: { store: () => stores.blobs.check(), queue: () => queue.check() },
  });
  const compressor = startCompressor({ ...deps, ...announcerOf(settings, log) }, settings);
  const admin = await startAdmin(settings, { metrics, log, router: fetch.admin });
  return {
    url: http.url,
    publicKeys,
    wasEmpty,
    async close() {
      await http.close();
      await compressor.close();
      await queue.close();
      await compute.close();
      await admin.close();
    },
  };
}
