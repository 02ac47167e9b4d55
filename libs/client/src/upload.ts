import {
  PROBLEMS,
  isProblemCode,
  statusSchema,
  uploadReportSchema,
  uploadResultsSchema,
  UPLOAD_PARTS,
  type KernelStatus,
  type UploadPart,
  type UploadReport,
} from '@btf-depot/contracts';
import { ask } from './ask.ts';
import { ProblemError, problemOf } from './problem-error.ts';

/**
 * At least one file: `kernel` in any form (vmlinux, image, package, raw BTF), `full` BTF with
 * global variables by the build's own pahole, any `module` of the build, its System.map as `map`,
 * its `carrier`.
 */
export interface UploadRequest extends Partial<Record<UploadPart, Blob>> {
  query?: Partial<
    Record<
      | 'buildId'
      | 'delivery'
      | 'arch'
      | 'distro'
      | 'release'
      | 'extras'
      | 'encoded'
      | 'replace'
      | 'restore',
      string
    >
  >;
}

export interface UploadOptions {
  /** Called with the bytes sent so far, of about `totalSize(request)`. */
  onProgress?: (sent: number) => void;
  signal?: AbortSignal | undefined;
}

export type UploadOutcome = 'created' | 'known';

/** The outcome for one kernel of an upload. */
export type KernelOutcome = { buildId?: string | undefined; name?: string | undefined } & (
  { outcome: UploadOutcome; status: KernelStatus } | { error: ProblemError }
);

export interface UploadAnswer {
  /** `created` if any kernel was new to the depot, `known` if it had all. */
  outcome: UploadOutcome;
  /** Of the first accepted kernel. */
  status: KernelStatus;
  /** For every kernel of an archive; a refused kernel does not stop the others. */
  kernels: KernelOutcome[];
  /** Depots before 0.3 do not report it. */
  report?: UploadReport | undefined;
}

/** Bytes of an upload's files. */
export function totalSize(request: UploadRequest): number {
  return filesOf(request).reduce((total, [, file]) => total + file.size, 0);
}

/**
 * Sends a kernel; the files are streamed.
 * @throws ProblemError if the depot refuses it, or every kernel of it.
 */
export async function upload(
  base: URL,
  request: UploadRequest,
  options: UploadOptions & { headers?: Readonly<Record<string, string>> } = {},
): Promise<UploadAnswer> {
  const url = new URL('v1/kernels', base);
  for (const [key, value] of Object.entries(request.query ?? {})) url.searchParams.set(key, value);
  const response = await ask(url, {
    method: 'POST',
    ...bodyFor(url, request, options),
    signal: options.signal ?? null,
  });
  if (!response.ok) throw await problemOf(response);
  return readAnswer(response.status, await response.json());
}

/** @throws ZodError if the answer is not from a depot; ProblemError if it has no kernel. */
function readAnswer(httpStatus: number, json: unknown): UploadAnswer {
  const answer = uploadResultsSchema.safeParse(json).data;
  if (!answer) {
    const status = statusSchema.parse(json);
    const outcome = outcomeOf(httpStatus);
    const report = uploadReportSchema.safeParse(status.report).data;
    return { outcome, status, kernels: [{ buildId: status.buildId, outcome, status }], report };
  }
  const kernels = answer.results.map(
    ({ buildId, name, status, code, detail, kernel }): KernelOutcome =>
      kernel
        ? { buildId, name, outcome: outcomeOf(status), status: kernel }
        : { buildId, name, error: refusal(status, code, detail) },
  );
  const accepted = kernels.flatMap((one) => ('status' in one ? [one] : []));
  const [first] = accepted;
  if (!first) throw refusal(httpStatus, undefined, 'the answer names no kernel');
  const isNew = accepted.some(({ outcome }) => outcome === 'created');
  const { report } = answer;
  return { outcome: isNew ? 'created' : 'known', status: first.status, kernels, report };
}

function outcomeOf(status: number): UploadOutcome {
  return status === 201 ? 'created' : 'known';
}

function refusal(status: number, code = 'not-a-depot', detail = ''): ProblemError {
  const title = isProblemCode(code) ? PROBLEMS[code].title : `HTTP ${status}`;
  return new ProblemError({ code, status, title, detail });
}

/** Progress needs a stream as body, which browsers send over HTTP/2 only. */
function bodyFor(
  url: URL,
  request: UploadRequest,
  { onProgress, headers: more = {} }: Parameters<typeof upload>[2] & object,
) {
  const files = bodyOf(request);
  if (!onProgress) return { body: files, headers: more };
  // A Request makes the body of both forms, and its header.
  const { body, headers } = new Request(url, { method: 'POST', body: files });
  for (const [name, value] of Object.entries(more)) headers.set(name, value);
  return { body: body?.pipeThrough(counter(onProgress)) ?? null, headers, duplex: 'half' as const };
}

function filesOf(request: UploadRequest): [name: string, file: Blob][] {
  return UPLOAD_PARTS.flatMap((name) => {
    const file = request[name];
    return file ? [[name, file] as [string, Blob]] : [];
  });
}

function bodyOf(request: UploadRequest): Blob | FormData {
  const files = filesOf(request);
  if (request.kernel && files.length === 1) return request.kernel;
  const form = new FormData();
  for (const [name, file] of files) form.set(name, file, name);
  return form;
}

function counter(onProgress: (sent: number) => void): TransformStream<Uint8Array, Uint8Array> {
  let sent = 0;
  return new TransformStream({
    transform(chunk, controller) {
      sent += chunk.length;
      onProgress(sent);
      controller.enqueue(chunk);
    },
  });
}
