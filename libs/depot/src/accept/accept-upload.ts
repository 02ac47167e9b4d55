import type { MissingPart, PassedOverInUpload, UploadReport } from '@btf-depot/contracts';
import { DepotError } from '../errors.ts';
import { acceptKernel, type AcceptDeps, type AcceptedKernel } from './accept-kernel.ts';
import { openUpload } from './open-upload.ts';
import type { Upload } from './upload.ts';

/** The outcome for one kernel of an upload. */
export interface KernelResult {
  buildId?: string | undefined;
  /** Of its file in the archive. */
  name?: string | undefined;
  accepted?: AcceptedKernel | undefined;
  /** Why it was refused. */
  error?: DepotError | undefined;
}

export interface AcceptedUpload {
  /** Each kernel, in order; at least one was accepted. */
  results: KernelResult[];
  report: UploadReport;
}

/**
 * Accepts all kernels of an upload, one after the other. A refused kernel does not stop the others,
 * and accepted ones are durable in any case.
 *
 * @throws DepotError if the only kernel of the upload is refused, or all are: the reason of the
 *   first, and in `results` the reason of each.
 */
export async function acceptUpload(
  deps: AcceptDeps,
  upload: Upload,
  signal: AbortSignal,
): Promise<AcceptedUpload> {
  const { kernels, malformed, sources, found, used, passedOver } = await openUpload(
    deps.compute,
    upload,
    signal,
  );
  const results: KernelResult[] = [];
  for (const opened of kernels) {
    const { buildId, name } = opened.kernel ?? {};
    try {
      const accepted = await acceptKernel(deps, { upload, opened, sources }, signal);
      results.push({ buildId: accepted.record.buildId, name, accepted });
    } catch (error) {
      // If the client is gone, its next upload finds what was accepted.
      if (signal.aborted || kernels.length + malformed.length === 1) throw error;
      results.push({ buildId, name, error: asRefusal(error) });
    }
  }
  for (const { name, code, detail } of malformed) {
    results.push({ name, error: new DepotError(code, detail) });
  }
  const left: PassedOverInUpload[] = [];
  const missing: MissingPart[] = [];
  for (const { accepted } of results) {
    left.push(...(accepted?.passedOver ?? []));
    missing.push(...(accepted?.missing ?? []));
  }
  refuseNone(results);
  const report = { found, used, passedOver: [...passedOver, ...left] };
  return { results, report: missing.length > 0 ? { ...report, missing } : report };
}

/** An internal error affects only its kernel; `cause` is for the log. */
function asRefusal(error: unknown): DepotError {
  if (error instanceof DepotError) return error;
  return new DepotError('internal', 'the log of the service has the cause under this request ID', {
    cause: error,
  });
}

function refuseNone(results: readonly KernelResult[]): void {
  const [first] = results;
  if (!first?.error || results.some(({ accepted }) => accepted)) return;
  const { code, message } = first.error;
  const each = results.map(({ buildId, name, error }) => ({
    buildId,
    name,
    code: error?.code,
    detail: error?.message,
  }));
  throw new DepotError(
    code,
    `none of ${results.length} kernels was accepted; the first because: ${message}`,
    {
      cause: first.error,
      members: { results: each },
    },
  );
}
