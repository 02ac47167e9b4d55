import {
  kernelPath,
  PROBLEMS,
  statusOf,
  uploadAnswerOf,
  type ExtraName,
  type KernelRecord,
  type ProblemCode,
  type UploadResults,
} from '@btf-depot/contracts';
import type { INGEST_ROUTES } from '@btf-depot/contracts/routes';
import {
  acceptUpload,
  DepotError,
  LOCAL_ACTOR,
  type AcceptDeps,
  type AcceptedUpload,
  type KernelResult,
  type StorageShare,
  type TokenGuard,
  type TokenHolder,
  type Upload,
} from '@btf-depot/depot';
import type { ComputePool } from '@btf-depot/compute';
import { clientOf, stopReading, type Logger, type Metrics } from '@btf-depot/service-kit';
import type { Request, Response } from 'express';
import type { z } from 'zod';
import type { Admission } from './admission.ts';
import type { DiskSpace, Reservation } from './disk-space.ts';
import type { IngestHandlers } from '../handlers.ts';
import { isPacked } from './is-packed.ts';
import type { UploadRules } from './meter.ts';
import { receive, type Received } from './receive.ts';
import type { Staging } from './staging.ts';

export interface UploadDeps extends AcceptDeps {
  compute: ComputePool;
  staging: Staging;
  /** Gets an entry for each publication. */
  audit: Logger;
  rules: UploadRules;
  admission: Admission;
  space: DiskSpace;
  /** Rejects if the store takes no writes; many callers share one test. */
  checkStore: () => Promise<void>;
  storage: StorageShare;
  metrics: Metrics;
  /** Absent: anybody may upload. */
  guard?: TokenGuard | undefined;
  /** Extras to split off if an upload names none. */
  extras: readonly ExtraName[];
}

/** Size of an upload from which the store is tested first. */
const LARGE = 1024 * 1024;

/** Accepts a kernel. */
export function uploadHandler(deps: UploadDeps): IngestHandlers['upload'] {
  return async ({ request, response, query: readQuery }) => {
    const { signal, cut, release } = signalOf(request, response);
    const started = performance.now();
    let leave: (() => void) | undefined;
    let space: Reservation | undefined;
    const requestId: unknown = response.locals.requestId;
    let who: { by: string; byName: string; principal: string } | undefined;
    try {
      const holder = await deps.guard?.authenticate(request.headers.authorization);
      who = holder && { by: holder.id, byName: holder.name, principal: holder.principal };
      const query = readQuery();
      holder?.require('upload');
      if (query.restore) holder?.require('restore');
      if (query.replace) holder?.require('replace');
      const announced = Number(request.headers['content-length'] ?? 0);
      const client = holder?.principal ?? clientOf(request);
      const compute = deps.compute.for(client);
      const checkRoom = () => compute.checkRoom();
      leave = deps.admission.enter({ client, token: holder?.id, checkRoom, cut });
      // A small upload takes less time than the test.
      if (!(announced > 0 && announced < LARGE)) await deps.checkStore();
      if (holder) await deps.storage.check(holder);
      const reserved = (space = await deps.space.reserve(announced));
      const accepted = await deps.staging.withFolder(async (folder) => {
        const received = await deps.metrics.stage('receive', () =>
          receive(request, { folder, space: reserved }, deps.rules, signal),
        );
        for (const file of Object.values(received)) {
          deps.metrics.received(file.size);
          if (await isPacked(file.path)) await reserved.unpacks(file.size);
        }
        const upload = {
          ...uploadOf(deps, query, { ...received, folder }),
          actor: holder ?? LOCAL_ACTOR,
          ...sentBy(holder, deps.clock.now()),
        };
        return deps.metrics.stage('accept', () =>
          acceptUpload({ ...deps, compute }, upload, signal),
        );
      });
      const ms = Math.round(performance.now() - started);
      for (const result of accepted.results) {
        deps.metrics.pushed(result.accepted?.outcome ?? 'refused');
        audit(deps.audit, result, { requestId, ...who, ...askedFor(query), ms });
      }
      answer(response, accepted);
    } catch (thrown) {
      // After the client has gone, that is the reason, whatever error came of it.
      const error: unknown = isGone(signal) ? signal.reason : thrown;
      deps.metrics.pushed('refused');
      if (error instanceof DepotError && DISPUTES.has(error.code)) {
        audit(deps.audit, { error }, { requestId, ...who });
      }
      throw error;
    } finally {
      leave?.();
      space?.release();
      release();
      stopReading(request, response);
    }
  };
}

/** Refusals that an operator may have to decide. */
const DISPUTES: ReadonlySet<string> = new Set<ProblemCode>([
  ...(['core-conflict', 'carrier-conflict', 'not-owner', 'forbidden'] as const),
]);

/** Logs publications, refusals for the operator, and internal errors. */
function audit(log: Logger, { accepted, buildId, error }: KernelResult, about: object): void {
  if (accepted) {
    const { record, formerOwner, outcome } = accepted;
    log.info({ ...about, ...publishedOf(record), formerOwner, outcome }, 'upload');
  } else if (error?.code === 'internal') {
    log.error({ ...about, buildId, err: error.cause ?? error }, 'failed');
  } else if (error && DISPUTES.has(error.code)) {
    const { code, message: detail } = error;
    log.warn({ ...about, buildId, code, detail }, 'refused');
  }
}

/** For one kernel its status; for several, the outcome for each. */
function answer(response: Response, { results, report }: AcceptedUpload): void {
  const [first] = results;
  if (results.length === 1 && first?.accepted) {
    const { record } = first.accepted;
    response.setHeader('Location', kernelPath(record.buildId));
    response.status(statusOfResult(first)).json(uploadAnswerOf(record, report));
    return;
  }
  const statuses = results.map(statusOfResult);
  const isRefused = statuses.some((status) => status >= 400);
  const body: UploadResults = {
    results: results.map((result) => ({
      buildId: result.buildId,
      name: result.name,
      status: statusOfResult(result),
      code: result.error?.code,
      detail: result.error?.message,
      kernel: result.accepted && statusOf(result.accepted.record),
    })),
    report,
  };
  response.status(isRefused ? 207 : Math.max(...statuses)).json(body);
}

function statusOfResult({ accepted, error }: KernelResult): number {
  if (accepted) return accepted.outcome === 'created' ? 201 : 200;
  return PROBLEMS[error?.code ?? 'internal'].status;
}

type Query = z.output<typeof INGEST_ROUTES.upload.query>;

const DAY = 24 * 3600 * 1000;

/** The facts that a token adds to an upload. */
function sentBy(
  holder: TokenHolder | undefined,
  now: Date,
): Pick<Upload, 'uploader' | 'keptUntil'> {
  const keepDays = holder?.keepDays;
  return {
    uploader: holder?.id,
    keptUntil:
      keepDays === undefined ? undefined : new Date(now.getTime() + keepDays * DAY).toISOString(),
  };
}

/** For the audit log: the published state, and its file, package and encoder. */
function publishedOf(record: KernelRecord) {
  const { buildId, revision, distro, release, owner, core, sources } = record;
  const about = { buildId, revision, distro, release, owner: owner?.principal };
  return { ...about, core: core.sha256, source: sources.at(-1) };
}

/** For the audit log: actions beyond an ordinary upload. */
function askedFor({ restore, replace }: Query) {
  return { restore: restore ? true : undefined, replace: replace ? true : undefined };
}

function uploadOf(
  deps: UploadDeps,
  { buildId, delivery, encoded, arch, distro, release, restore, replace, extras }: Query,
  received: Received & { folder: string },
): Omit<Upload, 'actor'> {
  return {
    ...received,
    arch,
    distro,
    release,
    restore,
    replace,
    split: { buildId, delivery, encoded, extras: extras ?? deps.extras },
  };
}

function isGone({ aborted, reason }: AbortSignal): boolean {
  return aborted && reason instanceof DepotError && reason.code === 'upload-cut';
}

/** Aborted when the client is gone before it has its answer: then nobody wants the work; or by `cut`. */
function signalOf(request: Request, response: Response) {
  const controller = new AbortController();
  const onClose = () => {
    controller.abort(new DepotError('upload-cut', 'the connection was closed'));
  };
  response.once('close', onClose);
  const cut = (reason: DepotError) => controller.abort(reason);
  return { signal: controller.signal, cut, release: () => response.off('close', onClose) };
}
