import type { ExtraName, PublicKey } from '@btf-depot/contracts';
import type { ComputePool } from '@btf-depot/compute';
import {
  DepotError,
  isMiss,
  isProvisional,
  withdrawProvisional,
  type AcceptDeps,
  type Found,
  type Miss,
  type MissFrom,
  type PullHandler,
  type PullJob,
  type PullProgress,
  type Upstream,
} from '@btf-depot/depot';
import type { Logger, Metrics } from '@btf-depot/service-kit';
import type { DiskSpace } from '../upload/disk-space.ts';
import type { Staging } from '../upload/staging.ts';
import { takeCopy } from './take-copy.ts';
import { takeFile, type Taking } from './take-file.ts';

export interface PullDeps extends Omit<AcceptDeps, 'compute'> {
  compute: ComputePool;
  upstreams: readonly Upstream[];
  staging: Staging;
  space: DiskSpace;
  log: Logger;
  metrics: Metrics;
  extras: readonly ExtraName[];
  /** One of them must have signed what another depot offers; none: no signature is needed. */
  keys: readonly PublicKey[];
  /** How often a download that breaks is gone on with. */
  breaks: number;
  /** Milliseconds for one upstream. */
  timeMs: number;
}

/** Asks the upstreams for a kernel, in their order, until one has it. */
export function pullHandler(deps: PullDeps): PullHandler {
  return async (job, { signal, onProgress }) => {
    if (await isThere(deps, job)) return 'pulled';
    const misses: MissFrom[] = [];
    for (const upstream of deps.upstreams) {
      const started = performance.now();
      const outcome = await pullFrom(deps, upstream, job, { signal, onProgress });
      const about = { buildId: job.buildId, upstream: upstream.name };
      const ms = Math.round(performance.now() - started);
      if (!outcome) {
        deps.log.info({ ...about, ms }, 'pulled');
        deps.metrics.pulled(upstream.name, 'pulled');
        return 'pulled';
      }
      deps.log.info({ ...about, ms, ...outcome }, 'not pulled');
      deps.metrics.pulled(upstream.name, outcome.reason);
      misses.push({ ...outcome, upstream: upstream.name });
    }
    await unsayProvisional(deps, job.buildId, misses);
    return misses;
  };
}

/** What was fetched with more than a claim, or sent, is not fetched again. */
async function isThere(
  { records }: PullDeps,
  { buildId, variables = false }: PullJob,
): Promise<boolean> {
  const stored = await records.get(buildId);
  if (!stored) return false;
  const { record } = stored;
  if (variables && !record.parts.vars) return false;
  return !isProvisional(record) && record.withdrawal?.expired === undefined;
}

type Attempt = Parameters<PullHandler>[1];

/** Undefined: it is in the store. @throws for a fault here, and when the process stops. */
async function pullFrom(
  deps: PullDeps,
  upstream: Upstream,
  { buildId, via, variables = false }: PullJob,
  { signal, onProgress }: Attempt,
): Promise<Miss | undefined> {
  const late = AbortSignal.timeout(deps.timeMs);
  const either = AbortSignal.any([signal, late]);
  const { name } = upstream;
  let stage = '';
  let since = 0;
  const show = (progress: Omit<PullProgress, 'since' | 'upstream'>) => {
    const of = `${progress.stage} ${progress.total}`;
    if (of !== stage) [stage, since] = [of, Date.now()];
    onProgress({ ...progress, upstream: name, since });
  };
  show({ stage: 'find', done: 0, total: 0 });
  try {
    const onWait = (waitsFor: readonly string[]) =>
      show({ stage: 'find', done: 0, total: 0, waitsFor });
    const found = await upstream.find(buildId, { signal: either, via, onWait });
    if (isMiss(found)) return found;
    const taking = {
      ...deps,
      variables,
      buildId,
      principal: `upstream:${name}`,
      signal: either,
      show,
    };
    return await deps.staging.withFolder((folder) => takeFound(found, { ...taking, folder }));
  } catch (error) {
    signal.throwIfAborted();
    if (late.aborted) {
      return { reason: 'timeout', detail: `it took longer than ${deps.timeMs / 1000} s in all` };
    }
    if (error instanceof DepotError && error.code === 'disk-full') {
      return { reason: 'disk-full', detail: error.message };
    }
    throw error;
  }
}

/** What is provisional is taken in while the file behind it is on its way. */
async function takeFound(found: Found, taking: Taking): Promise<Miss | undefined> {
  if (found.copy) return takeCopy(found.copy, taking);
  let miss: Miss | undefined = { reason: 'missing', detail: 'it offers no file' };
  const early: Promise<unknown>[] = [];
  try {
    for (const [index, file] of found.files.entries()) {
      // Core is here already.
      if (file.provisional && taking.variables) continue;
      const taken = takeFile(file, index, taking, () => Promise.all(early));
      if (file.provisional) early.push(taken.catch(() => undefined));
      else {
        miss = await taken;
        if (miss) return miss;
      }
    }
    return miss;
  } finally {
    // Its folder goes when this ends.
    await Promise.all(early);
  }
}

/** A claim whose upstream turned out to be at fault is not served on. */
async function unsayProvisional(
  { records, clock }: PullDeps,
  buildId: string,
  misses: readonly MissFrom[],
): Promise<void> {
  const fault = misses.find(({ reason }) => FAULTS.has(reason));
  if (!fault) return;
  const reason = `${fault.upstream} was not to be believed: ${fault.reason}, ${fault.detail}`;
  await withdrawProvisional(records, buildId, `upstream:${fault.upstream}`, reason, clock.now());
}

const FAULTS: ReadonlySet<string> = new Set<Miss['reason']>([
  ...(['malformed', 'wrong-build-id', 'bad-signature', 'too-large', 'unfit'] as const),
]);
