/**
 * Fetch: serves what fits a kernel, by its build ID. `createFetch` is the service without its
 * adapters and its port, so that it runs by itself (main.ts) and within the embedded depot alike.
 *
 * The routes are lines in libs/contracts/src/routes; their handlers are in routes/. There are four
 * caches; hot-path.ts answers ahead of Express from the first three. Each drops its least recently
 * used entry when it is full:
 *
 * - Records (records/recent-records.ts) by build ID: 4096, and 16,384 build IDs without one. After
 *   `BTFDEPOT_RECORD_AGE` a record is read again, so an upload or a withdrawal shows that much
 *   later. While the store does not answer, the old record is used.
 * - Blobs (blobs/hot-blobs.ts) by SHA-256: `BTFDEPOT_HOT_BLOBS` bytes. A blob never changes, so
 *   entries do not expire. The records tell whether a kernel still names the blob.
 * - Answers (answers/answers.ts), computed ones and lasting refusals: `BTFDEPOT_HOT_ANSWERS` bytes.
 *   The key has the kernel's revision, so a new revision finds nothing old, and entries do not
 *   expire.
 * - Open kernels (kernels/open-kernels.ts) on the kernel thread, by revision:
 *   `BTFDEPOT_OPEN_KERNELS` bytes, the latest one in any case. They end with the thread, which a
 *   question over its time or memory ends.
 *
 * Beside them: the list of all kernels (records/kernel-list.ts), read again every
 * `BTFDEPOT_LIST_AGE`, and the memory held by readers (blobs/held-memory.ts), which no cache frees.
 */
import type { PublicKey } from '@btf-depot/contracts';
import { FETCH_ROUTES, pathOfAny, RECORD_ROUTES, ROUTES } from '@btf-depot/contracts/routes';
import type {
  AskedNotes,
  BlobStore,
  Pulls,
  RecordStore,
  TokenGuard,
  Underway,
} from '@btf-depot/depot';
import {
  onlyMethods,
  recordHandlers,
  RepeatedWarnings,
  serveRoutes,
  type Checks,
  type Handlers,
  type Logger,
  type Metrics,
} from '@btf-depot/service-kit';
import { Router } from 'express';
import { Answers } from './answers/answers.ts';
import { blobSender } from './answers/send-blob.ts';
import { HeldMemory } from './blobs/held-memory.ts';
import { HotBlobs } from './blobs/hot-blobs.ts';
import { Budget } from './clients/budget.ts';
import { WantedKernels } from './clients/wanted-kernels.ts';
import { hotPath } from './hot-path.ts';
import { KernelThread, type KernelLimits } from './kernels/kernel-thread.ts';
import { askedNoter } from './pull/note-asked.ts';
import { PullThrough, type PullThroughDeps } from './pull/pull-through.ts';
import { WhoMayPull } from './pull/who-may-pull.ts';
import { KernelList } from './records/kernel-list.ts';
import { RecentRecords } from './records/recent-records.ts';
import { artifactHandlers } from './routes/artifacts.ts';
import { pageHandlers } from './routes/catalogue-page.ts';
import { isLongQuestion, readableElsewhere } from './routes/cors.ts';
import { debuginfodHandlers, isDebuginfod } from './routes/debuginfod.ts';
import { documentationHandlers } from './routes/documentation.ts';
import type { FetchHandlers } from './routes/handlers.ts';
import { inlineHandlers } from './routes/inlines.ts';
import { keyHandlers } from './routes/keys.ts';
import { searchHandlers } from './routes/search.ts';
import { variableHandlers } from './routes/variables.ts';
import type { FetchSettings } from './settings.ts';

export { fetchServiceSettings, fetchSettings, type FetchSettings } from './settings.ts';

export interface FetchDeps {
  blobs: BlobStore;
  records: RecordStore;
  /** Where it is noted that fetched kernels are asked for; absent: nowhere. */
  asked?: AskedNotes | undefined;
  /** The keys that sign manifests, the first one first. */
  publicKeys?: readonly PublicKey[];
  /** Splits of this process. */
  underway?: Underway;
  /** Has kernels fetched that are asked for and not here; absent: nothing is. */
  pulling?: { pulls: Pulls; guard?: TokenGuard | undefined; self: string } | undefined;
  metrics?: Metrics;
}

export interface Fetch {
  router: Router;
  /** See HttpServiceOptions. */
  hot: ReturnType<typeof hotPath>;
  finishes: (path: string) => boolean;
  open: (path: string) => boolean;
  reads: (path: string) => boolean;
  checks: Checks;
  /** For operators. */
  admin: Router;
}

export function createFetch(deps: FetchDeps, settings: FetchSettings, log: Logger): Fetch {
  const warnings = new RepeatedWarnings(log);
  const kernelList = new KernelList(deps.records, settings.BTFDEPOT_LIST_AGE, (message, error) =>
    warnings.warn({}, message, error),
  );
  kernelList.start();
  const wanted = new WantedKernels();
  const noteAsked = deps.asked && askedNoter(deps.asked, warnings);
  const records = new RecentRecords(deps.records, settings.BTFDEPOT_RECORD_AGE, (stored) => {
    kernelList.note(stored);
    const { record } = stored;
    noteAsked?.(record);
    if (record.parts.vars) wanted.found(record.buildId);
  });
  const budget = new Budget(settings.BTFDEPOT_CLIENT_BUDGET);
  // Besides the caches, slow readers may hold as much memory again.
  const held = new HeldMemory(settings.BTFDEPOT_HOT_BLOBS);
  const blobs = new HotBlobs(deps.blobs, settings.BTFDEPOT_HOT_BLOBS, held);
  const kernels = new KernelThread(kernelLimits(settings), {
    read: (hash) => blobs.read(hash),
    charge: (client, took) => budget.charge(client, took),
  });
  const answersHeld = new HeldMemory(settings.BTFDEPOT_HOT_ANSWERS);
  const answers = new Answers(settings.BTFDEPOT_HOT_ANSWERS, budget, answersHeld);
  const pullThrough = deps.pulling && openPulls(deps.pulling, { records, warnings }, settings);
  const send = blobSender(held, deps.metrics);
  const handlers: FetchHandlers & Handlers<typeof RECORD_ROUTES> = {
    ...recordHandlers(
      (buildId) => records.newest(buildId),
      deps.underway,
      pullThrough && ((buildId) => pullThrough.look(buildId)),
    ),
    ...searchHandlers({ records, kernelList, wanted, held: answersHeld, budget }),
    ...artifactHandlers({ records, kernelList, blobs, kernels, answers, send }),
    ...variableHandlers({ records, kernels, answers, budget, held: answersHeld, send }),
    ...inlineHandlers({ records, kernels, answers, send }),
    ...keyHandlers(deps.publicKeys ?? []),
    ...debuginfodHandlers({ records, blobs, send, warnings }),
    ...documentationHandlers(),
    ...pageHandlers(send),
  };
  const router = Router();
  router.use(readableElsewhere, wanted.watch);
  if (pullThrough) router.use(pullThrough.handler);
  router.use(serveRoutes({ ...RECORD_ROUTES, ...FETCH_ROUTES }, handlers));
  return {
    router,
    hot: hotPath({ records, kernelList, blobs, answers, send }),
    finishes: isDebuginfod,
    open: isOpen,
    reads: isLongQuestion,
    checks: {
      // Answers in memory are served while the store is away: no fetch can do more.
      kernels: { kind: 'hard', run: () => kernelList.check() },
      list: { kind: 'degraded', run: () => kernelList.checkWhole() },
    },
    admin: adminRoutes(wanted),
  };
}

function openPulls(
  { pulls, guard, self }: FetchDeps['pulling'] & object,
  caches: Pick<PullThroughDeps, 'records' | 'warnings'>,
  settings: FetchSettings,
): PullThrough {
  const who = new WhoMayPull(guard, settings.BTFDEPOT_PULL_BUDGET);
  return new PullThrough({ ...caches, pulls, who, self });
}

/** The same for everyone, with nothing of the depot's kernels: the page, the documentation. */
const isOpen = pathOfAny(ROUTES.filter(({ open }) => open));

function kernelLimits(settings: FetchSettings): KernelLimits {
  return {
    maxBytes: settings.BTFDEPOT_OPEN_KERNELS,
    answer: { bytes: settings.BTFDEPOT_ANSWER_SIZE, time: settings.BTFDEPOT_ANSWER_TIME },
    questionTime: settings.BTFDEPOT_QUESTION_TIME,
    memory: settings.BTFDEPOT_QUESTION_MEMORY,
  };
}

/** `GET /v1/wanted`: kernels that clients asked for and the depot lacks. */
function adminRoutes(wanted: WantedKernels): Router {
  const router = Router();
  const route = router.route('/v1/wanted');
  route.get((_request, response) => response.json({ wanted: wanted.list() }));
  route.all(onlyMethods('GET, HEAD'));
  return router;
}
