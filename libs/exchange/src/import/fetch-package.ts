import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  isMiss,
  MISS_REASONS,
  UpstreamFault,
  type Miss,
  type UploadedFile,
} from '@btf-depot/depot';
import { ArchiveError } from '../archive/errors.ts';
import type { ArchiveItem } from '../archive/item.ts';

export interface FetchOptions {
  /** Where files lie while they are downloaded; what was cut stays for the next run. */
  folder: string;
  signal: AbortSignal;
  /** How often it is tried again without a byte in between. */
  breaks: number;
  /** Milliseconds before that; each later wait is twice as long. */
  pauseMs: number;
  /** Waits until so many bytes may come. */
  pace: (bytes: number) => Promise<void>;
  /** Bytes of the file that are there. */
  onProgress: (done: number) => void;
}

/**
 * Brings a package onto this machine, and checks it against its index. It goes on where it was
 * cut, in a later run as well, if the archive can: else it begins again. What lies in a folder of
 * this machine is read there.
 *
 * @throws ArchiveError, the signal's reason.
 */
export async function fetchPackage(
  item: ArchiveItem,
  options: FetchOptions,
): Promise<UploadedFile> {
  const { folder, signal, breaks, pauseMs } = options;
  const isHere = item.place.url.protocol === 'file:';
  const path = isHere
    ? fileURLToPath(new URL(encodeURI(item.path), item.place.url))
    : join(folder, `${item.sha256}.part`);
  for (let failures = 0; !isHere;) {
    const before = await sizeOf(path);
    const miss = await once(item, path, options);
    if (!miss) break;
    failures = (await sizeOf(path)) > before ? 1 : failures + 1;
    if (!MISS_REASONS[miss.reason].passes || failures > breaks) {
      throw new ArchiveError(miss.reason, miss.detail);
    }
    await sleep(Math.max(pauseMs * 2 ** (failures - 1), miss.retryAfter ?? 0), undefined, {
      signal,
    });
  }
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  const sha256 = hash.digest('hex');
  const size = await sizeOf(path);
  if (sha256 === item.sha256 && size === item.size) return { path, size, sha256 };
  if (!isHere) await rm(path, { force: true });
  throw new ArchiveError(
    'digest-mismatch',
    `${item.path} has ${size} bytes of SHA-256 ${sha256}, its index says ${item.size} of ${item.sha256}`,
  );
}

/** Undefined: as many bytes are there as the index says. */
async function once(
  { place, path: from, size }: ArchiveItem,
  path: string,
  { signal, pace, onProgress }: FetchOptions,
): Promise<Miss | undefined> {
  let at = await sizeOf(path);
  if (at === size) return undefined;
  if (at > size) at = 0;
  const opened = await place.open(from, at, size, signal);
  if (isMiss(opened)) return opened;
  at = opened.start;
  await using file = await open(path, at > 0 ? 'r+' : 'w');
  try {
    for await (const chunk of opened.bytes) {
      signal.throwIfAborted();
      if (at + chunk.length > size) {
        return { reason: 'too-large', detail: `${from} has more than ${size} bytes` };
      }
      await pace(chunk.length);
      await writeAll(file, chunk, at);
      at += chunk.length;
      onProgress(at);
    }
  } catch (error) {
    if (error instanceof UpstreamFault) return error.miss;
    throw error;
  }
  return at < size
    ? { reason: 'cut', detail: `${from} ended at byte ${at} of ${size}` }
    : undefined;
}

async function writeAll(
  file: Awaited<ReturnType<typeof open>>,
  chunk: Uint8Array,
  at: number,
): Promise<void> {
  for (let done = 0; done < chunk.length;) {
    done += (await file.write(chunk, done, chunk.length - done, at + done)).bytesWritten;
  }
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}
