import { isBuildId, type KernelRecord } from '@btf-depot/contracts';
import { DepotError, findSection } from '@btf-depot/depot';
import { onlyMethods, type Logger } from '@btf-depot/service-kit';
import { Router, type ErrorRequestHandler } from 'express';
import type { HotBlobs } from './blobs/hot-blobs.ts';
import type { RecentRecords } from './recent-records.ts';
import type { KnownAnswer, SendBlob } from './send-blob.ts';

/** Codes of what is not there, and will not be there in a moment either. */
const MISSING: ReadonlySet<string> = new Set([
  'bad-build-id',
  'unknown-build-id',
  'unknown-artifact',
  'no-vars',
  'no-inlines',
  'withdrawn',
]);

/**
 * `GET /buildid/{id}/section/{name}`, as debuginfod has it (elfutils, debuginfod.8). Its client
 * (debuginfod-client.c) takes only 200 for an answer; a 503 to this request makes it download the
 * whole debug information, and every other error but 406 is remembered as "missing" for ten
 * minutes. So what is missing is 404, and whatever keeps us from answering just now is 406.
 */
export function debuginfodRoutes({
  records,
  blobs,
  send,
  log,
}: {
  records: RecentRecords;
  blobs: HotBlobs;
  send: SendBlob;
  log: Logger;
}): Router {
  const router = Router();
  const section = router.route('/buildid/:buildId/section/:name');
  section.get(async (request, response) => {
    const { buildId, name } = request.params;
    if (!isBuildId(buildId)) throw new DepotError('bad-build-id', 'not a build ID');
    const known = sectionAnswer(await records.get(buildId), name);
    send(request, response, { ...known, bytes: await blobs.open(known.sha256) });
  });
  section.all(onlyMethods('GET, HEAD'));
  const onError: ErrorRequestHandler = (error: unknown, _request, _response, next) => {
    if (error instanceof DepotError && MISSING.has(error.code)) {
      next(error.code === 'unknown-build-id' ? error : missing(error));
      return;
    }
    log.warn({ err: error }, 'a section cannot be sent now');
    next(new DepotError('not-now', 'ask again', { cause: error }));
  };
  router.use('/buildid', onError);
  return router;
}

/** The client makes no difference between the kinds of missing: 404 for all. */
function missing(error: DepotError): DepotError {
  return new DepotError('unknown-artifact', error.message);
}

/** Paths that are served to the end: a service that stops must not say 503 to them. */
export function isDebuginfod(path: string): boolean {
  return path.startsWith('/buildid/');
}

/** @throws DepotError as `findSection`. */
export function sectionAnswer(record: KernelRecord, name: string): KnownAnswer {
  const { sha256, size } = findSection(record, name);
  return {
    sha256,
    mediaType: 'application/octet-stream',
    immutable: false,
    headers: { 'X-DEBUGINFOD-SIZE': size, 'X-DEBUGINFOD-FILE': 'vmlinux' },
  };
}
