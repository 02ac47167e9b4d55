import {
  totalSize,
  type DepotClient,
  type ProblemError,
  type UploadRequest,
} from '@btf-depot/client';
import type { KernelStatus } from '@btf-depot/contracts';
import type { UnpackedUpload } from '@btf-depot/depot';
import { blobOf, sha256OfFile, withUnpacked } from './local-file.ts';
import { withRetries } from './with-retries.ts';

export interface PushOptions {
  /** Path of the BTF with global variables that the kernel's build wrote. */
  full?: string;
  /** Path of a module of the build, or of a package that has one. */
  module?: string;
  query: NonNullable<UploadRequest['query']>;
  onProgress?: (sent: number, total: number) => void;
  onRetry?: (why: ProblemError, pause: number) => void;
  signal?: AbortSignal;
}

export interface Pushed {
  file: string;
  /** `present`: the depot had it, and nothing was sent. */
  outcome: 'created' | 'known' | 'present';
  status: KernelStatus;
}

/** What a file is, without sending it. @throws DepotError where it is nothing that we know. */
export function lookInto(file: string): Promise<UnpackedUpload> {
  return withUnpacked(file, (found) => Promise.resolve(found));
}

/**
 * Sends one kernel and waits until its artifacts are there. What fails for reasons that pass is
 * tried again, from the start: the depot keeps nothing of an upload that was cut.
 *
 * @param found what `lookInto` says, where it was asked already.
 * @throws DepotError or ProblemError where the file is not one that the depot takes.
 */
export async function pushFile(
  client: DepotClient,
  file: string,
  options: PushOptions,
  found?: UnpackedUpload,
): Promise<Pushed> {
  const { kernel } = found ?? (await lookInto(file));
  const buildId = kernel?.buildId ?? options.query.buildId;
  const files = {
    // A package of modules alone comes as what it is used as.
    [kernel ? 'kernel' : 'module']: file,
    ...(options.full !== undefined && { full: options.full }),
    ...(options.module !== undefined && { module: options.module }),
  };
  const onRetry = options.onRetry ?? (() => undefined);
  const { outcome, status } = await withRetries(async () => {
    const present = buildId !== undefined && (await isPresent(client, buildId, files, options));
    if (present) return { outcome: 'present' as const, status: { buildId } };
    return send(client, files, options);
  }, onRetry);
  return { file, outcome, status: await client.waitUntilDone(status.buildId, options.signal) };
}

type Files = Record<string, string>;

async function send(client: DepotClient, files: Files, options: PushOptions) {
  const parts = Object.entries(files).map(async ([part, path]) => [part, await blobOf(path)]);
  const request: UploadRequest = {
    ...(Object.fromEntries(await Promise.all(parts)) as Record<string, Blob>),
    query: options.query,
  };
  const total = totalSize(request);
  return client.upload(request, {
    onProgress: (sent) => options.onProgress?.(Math.min(sent, total), total),
    ...(options.signal && { signal: options.signal }),
  });
}

/** Whether the depot has split these very files; the hashes are only worked out if it might. */
async function isPresent(
  client: DepotClient,
  buildId: string,
  files: Files,
  { signal }: PushOptions,
): Promise<boolean> {
  const record = await client.record(buildId, signal);
  if (!record || record.state === 'failed' || record.state === 'withdrawn') return false;
  for (const [part, path] of Object.entries(files)) {
    const sources = record.sources.filter((source) => source.part === part);
    if (sources.length === 0) return false;
    const sha256 = await sha256OfFile(path);
    if (!sources.some((source) => source.sha256 === sha256)) return false;
  }
  return true;
}
