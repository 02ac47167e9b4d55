import { MISS_CODES, PROBLEMS, type KernelRecord } from '@btf-depot/contracts';
import { DepotError, findSection, requireBuildId } from '@btf-depot/depot';
import type { RepeatedWarnings } from '@btf-depot/service-kit';
import type { HotBlobs } from '../blobs/hot-blobs.ts';
import type { RecentRecords } from '../records/recent-records.ts';
import type { KnownAnswer, SendBlob } from '../answers/send-blob.ts';
import type { FetchHandlers } from './handlers.ts';

/** Codes of lasting misses. */
const MISSING: ReadonlySet<string> = new Set([
  'bad-build-id',
  'unknown-build-id',
  'unknown-artifact',
  'withdrawn',
  ...MISS_CODES,
]);

/**
 * `GET /buildid/{id}/section/{name}`, as in debuginfod (elfutils, debuginfod.8). Its client
 * (debuginfod-client.c) takes only 200 for an answer. After a 503 to this request it downloads the
 * whole debug information, and it remembers every other error but 406 as "missing" for ten minutes.
 * So a lasting miss is 404, and any temporary failure is 406.
 */
export function debuginfodHandlers({
  records,
  blobs,
  send,
  warnings,
}: {
  records: RecentRecords;
  blobs: HotBlobs;
  send: SendBlob;
  warnings: RepeatedWarnings;
}): Pick<FetchHandlers, 'section'> {
  return {
    async section({ request, response, params: { buildId, name } }) {
      try {
        requireBuildId(buildId);
        const known = sectionAnswer(await records.get(buildId), name);
        await send(request, response, { ...known, bytes: await blobs.open(known.sha256) });
      } catch (error) {
        if (error instanceof DepotError && MISSING.has(error.code)) {
          throw PROBLEMS[error.code].status === 404 ? error : missing(error);
        }
        warnings.warn({}, 'a section cannot be sent now', error);
        throw new DepotError('not-now', 'the section cannot be read now; retry', { cause: error });
      }
    },
  };
}

/** Its client takes only 404 for a lasting miss. */
function missing(error: DepotError): DepotError {
  return new DepotError('unknown-artifact', error.message);
}

/** Paths that a stopping service still answers: it must not send them 503. */
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
    // Its client remembers a cut answer as missing, like an error.
    neverCut: true,
    headers: {
      'X-DEBUGINFOD-SIZE': size,
      'X-DEBUGINFOD-FILE': 'vmlinux',
      // Its client gives the cached file this date, without one that of 1969.
      'Last-Modified': new Date(record.uploadedAt).toUTCString(),
    },
  };
}
