import type { KernelStatus } from '@btf-depot/contracts';
import { totalSize, type DepotClient, type UploadRequest } from '@btf-depot/client';
import { blobOf, sha256OfFile, withUnpacked } from './local-file.ts';

export interface PushOptions {
  /** Path of the BTF with global variables that the kernel's build wrote. */
  full?: string;
  query: NonNullable<UploadRequest['query']>;
  onProgress?: (sent: number, total: number) => void;
  signal?: AbortSignal;
}

export interface Pushed {
  file: string;
  /** `present`: the depot had it, and nothing was sent. */
  outcome: 'created' | 'known' | 'present';
  status: KernelStatus;
}

/**
 * Sends one kernel and waits until its artifacts are there.
 * @throws DepotError, FormatError or ProblemError where the file is not one that the depot takes.
 */
export async function pushFile(
  client: DepotClient,
  file: string,
  options: PushOptions,
): Promise<Pushed> {
  const found = await withUnpacked(file, (unpacked) => Promise.resolve(unpacked));
  const buildId = found.kernel?.buildId ?? options.query.buildId;
  if (buildId !== undefined && (await isPresent(client, buildId, file, options))) {
    const status = await client.waitUntilDone(buildId, options.signal);
    return { file, outcome: 'present', status };
  }
  const request: UploadRequest = {
    kernel: await blobOf(file),
    ...(options.full !== undefined && { full: await blobOf(options.full) }),
    query: options.query,
  };
  const total = totalSize(request);
  const { outcome, status } = await client.upload(request, {
    onProgress: (sent) => options.onProgress?.(Math.min(sent, total), total),
    ...(options.signal && { signal: options.signal }),
  });
  return { file, outcome, status: await client.waitUntilDone(status.buildId, options.signal) };
}

/** Whether the depot has split these very files; the hashes are only worked out if it might. */
async function isPresent(
  client: DepotClient,
  buildId: string,
  file: string,
  { full, signal }: PushOptions,
): Promise<boolean> {
  const record = await client.record(buildId, signal);
  if (!record || record.state === 'failed' || record.state === 'withdrawn') return false;
  const has = (part: string, sha256: string) =>
    record.sources.some((source) => source.part === part && source.sha256 === sha256);
  if (!has('kernel', await sha256OfFile(file))) return false;
  return full === undefined || has('full', await sha256OfFile(full));
}
