import { createHash, type Hash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  isMiss,
  MISS_REASONS,
  UpstreamFault,
  type Miss,
  type OfferedFile,
  type UploadedFile,
} from '@btf-depot/depot';

export interface DownloadOptions {
  path: string;
  signal: AbortSignal;
  /** How often it is tried again without a byte in between. */
  breaks: number;
  /** Milliseconds before that; each later wait is twice as long. */
  pauseMs?: number | undefined;
  /** Waited for after each piece. `done` falls where a file begins again. */
  onProgress?: ((done: number, total: number | undefined) => void) | undefined;
  /** Bytes that are about to be written beyond those of before. May throw. */
  wrote?: ((bytes: number, total: number | undefined) => Promise<void>) | undefined;
}

/** With how many bytes came in all, of which some may have come twice. */
export type Downloaded = UploadedFile & { received: number };

/**
 * Brings an offered file onto this machine: where it breaks, on with the rest, or from the
 * beginning where its upstream knows no ranges.
 *
 * @throws the signal's reason, and what `wrote` throws.
 */
export async function download(
  file: OfferedFile,
  { path, signal, breaks, pauseMs = 500, onProgress, wrote }: DownloadOptions,
): Promise<Downloaded | Miss> {
  await using target = await open(path, 'w');
  let hash = createHash('sha256');
  let at = 0;
  let most = 0;
  let received = 0;
  for (let failures = 0; ;) {
    const before = most;
    const miss = await once();
    if (!miss) break;
    if (!MISS_REASONS[miss.reason].passes) return miss;
    failures = most > before ? 1 : failures + 1;
    if (failures > breaks) return miss;
    await sleep(Math.max(pauseMs * 2 ** (failures - 1), miss.retryAfter ?? 0), undefined, {
      signal,
    });
  }
  const done = { path, size: at, sha256: hash.digest('hex'), received };
  return (await file.check?.(done)) ?? done;

  /** Undefined: the file is whole. */
  async function once(): Promise<Miss | undefined> {
    const opened = await file.open(at, signal);
    if (isMiss(opened)) return opened;
    if (opened.start !== at) {
      await target.truncate(0);
      [hash, at] = [createHash('sha256'), 0];
    }
    const total = opened.size ?? file.size;
    try {
      for await (const chunk of opened.bytes) {
        const fresh = Math.max(0, at + chunk.length - most);
        if (fresh > 0) await wrote?.(fresh, total);
        await write(target, hash, chunk, at);
        at += chunk.length;
        received += chunk.length;
        most = Math.max(most, at);
        onProgress?.(at, total);
      }
    } catch (error) {
      if (error instanceof UpstreamFault) return error.miss;
      throw error;
    }
    return undefined;
  }
}

async function write(target: FileHandle, hash: Hash, chunk: Uint8Array, at: number): Promise<void> {
  hash.update(chunk);
  for (let written = 0; written < chunk.length;) {
    const part = chunk.subarray(written);
    written += (await target.write(part, 0, part.length, at + written)).bytesWritten;
  }
}
