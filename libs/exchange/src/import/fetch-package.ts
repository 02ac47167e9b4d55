import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMiss, UpstreamFault, type Miss, type UploadedFile } from '@btf-depot/depot';
import {
  ArchiveError,
  untilWhole,
  writeAt,
  type ArchiveItem,
  type Patience,
} from '@btf-depot/upstreams';

export interface FetchOptions extends Patience {
  /** The folder of downloads; a partial one stays for the next run. */
  folder: string;
  /** Waits until that many bytes may come. */
  pace: (bytes: number) => Promise<void>;
  /** Called with the bytes of the file so far. */
  onProgress: (done: number) => void;
}

/**
 * Brings a package onto this machine, and checks it against its index or by its own signature. It continues a partial
 * download, even of an earlier run, if the archive can; else it begins again. A package in a folder
 * of this machine is read there.
 *
 * @throws ArchiveError, the signal's reason.
 */
export async function fetchPackage(
  item: ArchiveItem,
  options: FetchOptions,
): Promise<UploadedFile> {
  const { folder } = options;
  const isHere = item.place.url.protocol === 'file:';
  const path = isHere
    ? fileURLToPath(new URL(encodeURI(item.path), item.place.url))
    : join(folder, `${item.sha256}.part`);
  const miss = isHere
    ? undefined
    : await untilWhole(
        () => once(item, path, options),
        () => sizeOf(path),
        options,
      );
  if (miss) throw new ArchiveError(miss.reason, miss.detail);
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  const sha256 = hash.digest('hex');
  const size = await sizeOf(path);
  if (sha256 === item.sha256 && size === item.size) {
    await item.verify?.(path);
    return { path, size, sha256 };
  }
  if (!isHere) await rm(path, { force: true });
  throw new ArchiveError(
    'digest-mismatch',
    `${item.path} has ${size} bytes of SHA-256 ${sha256}, its index says ${item.size} of ${item.sha256}`,
  );
}

/** Undefined: all bytes that the index states are there. */
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
      await writeAt(file, chunk, at);
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

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}
