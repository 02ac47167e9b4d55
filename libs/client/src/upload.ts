import { statusSchema, type KernelStatus } from '@btf-depot/contracts';
import { ask } from './ask.ts';
import { problemOf } from './problem-error.ts';

export interface UploadRequest {
  kernel: Blob;
  /** BTF with global variables that the build's own pahole wrote. */
  full?: Blob;
  query?: Partial<
    Record<'buildId' | 'delivery' | 'arch' | 'distro' | 'release' | 'extras', string>
  >;
}

export interface UploadOptions {
  /** Called with the bytes sent so far, of `totalSize(request)` and a little around it. */
  onProgress?: (sent: number) => void;
  signal?: AbortSignal;
}

/** Bytes of an upload's files. */
export function totalSize({ kernel, full }: UploadRequest): number {
  return kernel.size + (full?.size ?? 0);
}

/**
 * Sends a kernel; the files are streamed.
 * @returns `created` where it was new to the depot, `known` where it had it all.
 * @throws ProblemError where the depot refuses it.
 */
export async function upload(
  base: URL,
  request: UploadRequest,
  options: UploadOptions = {},
): Promise<{ outcome: 'created' | 'known'; status: KernelStatus }> {
  const url = new URL('v1/kernels', base);
  for (const [key, value] of Object.entries(request.query ?? {})) url.searchParams.set(key, value);
  // A Request makes the body of both forms, and the header that goes with it.
  const { body, headers } = new Request(url, { method: 'POST', body: bodyOf(request) });
  const response = await ask(url, {
    method: 'POST',
    headers,
    body: body?.pipeThrough(counter(options.onProgress)) ?? null,
    duplex: 'half',
    ...(options.signal && { signal: options.signal }),
  });
  if (!response.ok) throw await problemOf(response);
  const status = statusSchema.parse(await response.json());
  return { outcome: response.status === 201 ? 'created' : 'known', status };
}

function bodyOf({ kernel, full }: UploadRequest): Blob | FormData {
  if (!full) return kernel;
  const form = new FormData();
  form.set('kernel', kernel, 'kernel');
  form.set('full', full, 'full');
  return form;
}

function counter(onProgress: UploadOptions['onProgress']): TransformStream<Uint8Array, Uint8Array> {
  let sent = 0;
  return new TransformStream({
    transform(chunk, controller) {
      sent += chunk.length;
      onProgress?.(sent);
      controller.enqueue(chunk);
    },
  });
}
