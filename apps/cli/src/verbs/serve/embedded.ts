import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { openFsStores } from '@btf-depot/blob-store';
import { compressorSettings, createCompressor } from '@btf-depot/compressor';
import type { PublicKey } from '@btf-depot/contracts';
import type { Pulls } from '@btf-depot/depot';
import { createFetch, fetchSettings } from '@btf-depot/fetch';
import { createIngest, uploadSettings } from '@btf-depot/ingest';
import { InProcessJobQueue, InProcessPulls } from '@btf-depot/job-queue';
import {
  commonSettings,
  httpUrl,
  leavingSettings,
  logSettings,
  Metrics,
  RepeatedWarnings,
  retryRules,
  setting,
  startAdmin,
  startHttpService,
  type Checks,
  type Logger,
  type Running,
  type Settings,
} from '@btf-depot/service-kit';
import { depotId, type UpstreamAddress } from '@btf-depot/upstreams';
import { Router } from 'express';

/** All settings of the embedded depot: those of the three services together. */
export const embeddedSettings = {
  ...commonSettings,
  // The log is for operators; a person at a terminal reads the output of `serve`.
  ...logSettings('warn'),
  ...uploadSettings,
  ...compressorSettings,
  ...fetchSettings,
  BTFDEPOT_DEBUG_SERVER: setting(
    httpUrl.optional(),
    undefined,
    'The debuginfod that `serve --running` offers to ask, in place of that of the distribution.',
  ),
  // No balancer precedes it.
  ...leavingSettings('0', '600'),
};

export interface EmbeddedDepot extends Running {
  url: string;
  /** Its signing keys, in order. */
  publicKeys: readonly PublicKey[];
  /** Whether the store held no kernel when the depot started. */
  wasEmpty: boolean;
  pulls: Pulls;
  /** From now on, missing kernels are fetched from these. */
  pullFrom: (upstreams: readonly UpstreamAddress[]) => void;
}

/** The three services in this process, over a folder and a queue in memory. */
export async function startEmbedded(
  settings: Settings<typeof embeddedSettings>,
  log: Logger,
): Promise<EmbeddedDepot> {
  const metrics = new Metrics();
  const stores = metrics.timed(await openFsStores(settings.BTFDEPOT_DATA));
  const wasEmpty = (await stores.records.list()[Symbol.asyncIterator]().next()).done === true;
  const warnings = new RepeatedWarnings(log);
  // The compressor logs each failed attempt.
  const queue = new InProcessJobQueue({ ...retryRules(settings), onError: () => undefined });
  metrics.watchQueue(queue);
  const pulls = new InProcessPulls({ onError: (error) => warnings.warn({}, 'pulls', error) });
  const ingest = await createIngest({ ...stores, queue, pulls, log, metrics }, settings);
  const { compute, underway } = ingest;
  const compressor = await createCompressor({ ...stores, queue, compute, log, metrics }, settings);
  const { publicKeys } = compressor;
  const self = depotId(`${hostname()} ${resolve(settings.BTFDEPOT_DATA)}`);
  const pulling = { pulls, guard: ingest.guard, self };
  const fetch = createFetch({ ...stores, publicKeys, underway, metrics, pulling }, settings, log);
  const router = Router();
  // Fetch comes first: it knows more about the paths that both have.
  router.use(fetch.router, ingest.http.router);
  const checks: Checks = {
    ...fetch.checks,
    store: { kind: 'hard', run: () => stores.blobs.check() },
    // Reading works all the same.
    writes: { ...ingest.checks.store, kind: 'degraded' },
    room: { ...ingest.checks.room, kind: 'degraded' },
  };
  const http = await startHttpService({ ...fetch, ...ingest.http, router, log, metrics, checks });
  compressor.start();
  const admin = await startAdmin(settings, { metrics, log, router: fetch.admin });
  return {
    url: http.url,
    publicKeys,
    wasEmpty,
    pulls,
    pullFrom: ingest.pullFrom,
    drain: http.drain,
    async close() {
      await http.close();
      await compressor.close();
      await queue.close();
      await ingest.close();
      await pulls.close();
      await admin.close();
    },
  };
}
