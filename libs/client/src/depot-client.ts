import {
  kernelPath,
  kernelRecordSchema,
  statusSchema,
  type KernelRecord,
  type KernelStatus,
} from '@btf-depot/contracts';
import { ask } from './ask.ts';
import { ProblemError, problemOf } from './problem-error.ts';
import { upload, type UploadOptions, type UploadRequest } from './upload.ts';

/** How long `waitUntilDone` lets pass between two looks, in milliseconds: 100, then ever more. */
const FIRST_LOOK = 100;
const LONGEST_PAUSE = 2000;

/** One depot, by its URL. Every method throws ProblemError for what the depot refuses. */
export class DepotClient {
  readonly base: URL;

  /** @param url of the depot; a path in it is kept. */
  constructor(url: string) {
    this.base = new URL(url.endsWith('/') ? url : `${url}/`);
  }

  /** @returns undefined where the depot does not know the build ID. */
  async record(buildId: string, signal?: AbortSignal): Promise<KernelRecord | undefined> {
    const response = await this.#get(kernelPath(buildId), signal);
    if (response.status === 404) {
      const problem = await problemOf(response);
      if (problem.code === 'unknown-build-id') return undefined;
      throw problem;
    }
    if (!response.ok) throw await problemOf(response);
    return kernelRecordSchema.parse(await response.json());
  }

  async status(buildId: string, signal?: AbortSignal): Promise<KernelStatus> {
    const response = await this.#get(`${kernelPath(buildId)}/status`, signal);
    if (!response.ok) throw await problemOf(response);
    return statusSchema.parse(await response.json());
  }

  /** Looks until the kernel is no longer `compressing`. Ends early only by the signal. */
  async waitUntilDone(buildId: string, signal?: AbortSignal): Promise<KernelStatus> {
    for (let pause = FIRST_LOOK; ; pause = Math.min(pause * 1.5, LONGEST_PAUSE)) {
      const status = await this.status(buildId, signal);
      if (status.state !== 'compressing') return status;
      await new Promise((resolve) => setTimeout(resolve, pause));
      signal?.throwIfAborted();
    }
  }

  upload(request: UploadRequest, options?: UploadOptions) {
    return upload(this.base, request, options);
  }

  /** The bytes of a blob from `start` on. */
  async blob(sha256: string, start = 0, signal?: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const headers: Record<string, string> = start > 0 ? { Range: `bytes=${start}-` } : {};
    const response = await this.#get(`/v1/blobs/sha256/${sha256}`, signal, headers);
    if (!response.ok) throw await problemOf(response);
    if (!response.body || response.status !== (start > 0 ? 206 : 200)) {
      throw new ProblemError({
        code: 'not-a-depot',
        status: response.status,
        title: `HTTP ${response.status}`,
        detail: `the depot did not send the blob from byte ${start}`,
      });
    }
    return response.body;
  }

  #get(path: string, signal?: AbortSignal, headers: Record<string, string> = {}) {
    const url = new URL(path.slice(1), this.base);
    return ask(url, { headers, ...(signal && { signal }) });
  }
}
