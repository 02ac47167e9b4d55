import {
  statusSchema,
  UPLOAD_PARTS,
  type KernelStatus,
  type UploadPart,
} from '@btf-depot/contracts';
import { ask } from './ask.ts';
import { problemOf } from './problem-error.ts';

/**
 * At least one file: `kernel` in whatever it is (vmlinux, image, package, raw BTF), `full` BTF with
 * global variables that the build's own pahole wrote, any `module` of the build, its System.map as
 * `map`, the `carrier` that it made.
 */
export interface UploadRequest extends Partial<Record<UploadPart, Blob>> {
  query?: Partial<
    Record<
      'buildId' | 'delivery' | 'arch' | 'distro' | 'release' | 'extras' | 'replace' | 'restore',
      string
    >
  >;
}

export interface UploadOptions {
  /** Called with the bytes sent so far, of `totalSize(request)` and a little around it. */
  onProgress?: (sent: number) => void;
  signal?: AbortSignal;
}

/** Bytes of an upload's files. */
export function totalSize(request: UploadRequest): number {
  return filesOf(request).reduce((total, [, file]) => total + file.size, 0);
}

/**
 * Sends a kernel; the files are streamed.
 * @returns `created` where it was new to the depot, `known` where it had it all.
 * @throws ProblemError where the depot refuses it.
 */
export async function upload(
  base: URL,
  request: UploadRequest,
  options: UploadOptions & { headers?: Readonly<Record<string, string>> } = {},
): Promise<{ outcome: 'created' | 'known'; status: KernelStatus }> {
  const url = new URL('v1/kernels', base);
  for (const [key, value] of Object.entries(request.query ?? {})) url.searchParams.set(key, value);
  const response = await ask(url, {
    method: 'POST',
    ...bodyFor(url, request, options),
    ...(options.signal && { signal: options.signal }),
  });
  if (!response.ok) throw await problemOf(response);
  const status = statusSchema.parse(await response.json());
  return { outcome: response.status === 201 ? 'created' : 'known', status };
}

/** To be told how far it is takes a stream of the body, which browsers send over HTTP/2 only. */
function bodyFor(
  url: URL,
  request: UploadRequest,
  { onProgress, headers: more = {} }: Parameters<typeof upload>[2] & object,
) {
  const files = bodyOf(request);
  if (!onProgress) return { body: files, headers: more };
  // A Request makes the body of both forms, and the header that goes with it.
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
