import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isMiss, type Miss, type OpenedFile } from '@btf-depot/depot';
import { readHttp, readWhole } from '../http/read.ts';
import { UPSTREAM_LIMITS, type UpstreamLimits } from '../limits.ts';
import { ArchiveError } from './errors.ts';

/** The location of an archive: below a URL of HTTP, or in a folder. */
export interface Place {
  /** Ends with `/`. */
  readonly url: URL;
  /** @returns undefined if there is no such file. @throws ArchiveError. */
  whole(path: string, maxBytes: number, signal: AbortSignal): Promise<Uint8Array | undefined>;
  /** From a byte on, or from the beginning. */
  open(path: string, start: number, size: number, signal: AbortSignal): Promise<OpenedFile | Miss>;
  /** When the file was put there, if that is known without reading it. */
  modified(path: string, signal: AbortSignal): Promise<Date | undefined>;
}

export function placeOf(at: string, limits: UpstreamLimits = UPSTREAM_LIMITS): Place {
  const url = /^https?:\/\//.test(at) ? URL.parse(at) : pathToFileURL(at);
  if (!url) throw new ArchiveError('no-archive', `${at} is not a URL`);
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url.protocol === 'file:' ? folder(at, url) : web(url, limits);
}

function web(url: URL, limits: UpstreamLimits): Place {
  // Paths in an index are below the archive: `..` and other hosts are refused.
  const below = (path: string) => {
    const found = new URL(encodeURI(path).replace(/^\/+/, ''), url);
    if (found.href.startsWith(url.href)) return found;
    throw new ArchiveError('bad-index', `${url.href}: names ${path}, which is not within it`);
  };
  return {
    url,
    async whole(path, maxBytes, signal) {
      const found = await readWhole(below(path), limits, { signal, maxBytes });
      if (!isMiss(found)) return found.bytes;
      if (found.reason === 'missing') return undefined;
      throw new ArchiveError(found.reason, found.detail);
    },
    open: (path, start, size, signal) =>
      readHttp(below(path), limits, { start, signal, maxBytes: size }),
    async modified(path, signal) {
      const answer = await fetch(below(path), { method: 'HEAD', signal });
      const date = new Date(answer.headers.get('last-modified') ?? '');
      return answer.ok && !Number.isNaN(date.getTime()) ? date : undefined;
    },
  };
}

function folder(at: string, url: URL): Place {
  const below = (path: string) => {
    if (!path.split('/').includes('..')) return join(at, path);
    throw new ArchiveError('bad-index', `${at}: names ${path}, which is not within it`);
  };
  const unlessMissing = (error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  };
  return {
    url,
    async whole(path, maxBytes) {
      const bytes = await readFile(below(path)).catch(unlessMissing);
      if (!bytes || bytes.length <= maxBytes) return bytes;
      throw new ArchiveError('too-large', `${path} has ${bytes.length} bytes`);
    },
    async open(path, start) {
      const file = below(path);
      const found = await stat(file).catch(unlessMissing);
      if (!found) return { reason: 'missing', detail: `there is no ${file}` };
      return { start, size: found.size, bytes: createReadStream(file, { start }) };
    },
    async modified(path) {
      return (await stat(below(path)).catch(unlessMissing))?.mtime;
    },
  };
}
