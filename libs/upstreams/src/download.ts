import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import {
  isMiss,
  UpstreamFault,
  type Miss,
  type OfferedFile,
  type UploadedFile,
} from '@btf-depot/depot';
import { untilWhole, writeAt, type Patience } from './until-whole.ts';

export interface DownloadOptions extends Omit<Patience, 'pauseMs'> {
  path: string;
  pauseMs?: number | undefined;
  /** Awaited after each piece. `done` falls if a file begins again. */
  onProgress?: ((done: number, total: number | undefined) => void) | undefined;
  /** Called before writing with the number of additional bytes. May throw. */
  wrote?: ((bytes: number, total: number | undefined) => Promise<void>) | undefined;
}

/** With the number of all received bytes, of which some may be repeated. */
export type Downloaded = UploadedFile & { received: number };

/**
 * Brings an offered file onto this machine. After a break it continues with the rest, or from the
 * beginning if the upstream knows no ranges.
 *
 * @throws the signal's reason, and errors of `wrote`.
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
  const miss = await untilWhole(once, () => most, { signal, breaks, pauseMs });
  if (miss) return miss;
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
        hash.update(chunk);
        await writeAt(target, chunk, at);
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
