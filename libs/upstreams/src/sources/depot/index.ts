import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { kernelPath, openRecord, type KernelRecord } from '@btf-depot/contracts';
import {
  isMiss,
  UpstreamFault,
  type Asking,
  type Found,
  type Miss,
  type OfferedCopy,
  type Upstream,
} from '@btf-depot/depot';
import { readHttp, readWhole } from '../../http/read.ts';
import { viaHeader } from '../../http/via.ts';
import type { SourceKind, SourceOptions } from '../../kinds.ts';
import type { UpstreamLimits } from '../../limits.ts';
import { untilWhole } from '../../until-whole.ts';

type Blob = Parameters<OfferedCopy['blob']>[0];

/** Bytes: far more than a record has. */
const MAX_RECORD = 4 * 1024 ** 2;

/**
 * Milliseconds between two requests to a depot that is fetching the kernel itself, unless it says
 * so.
 */
const ASK_AGAIN = 5000;

/** Milliseconds before a blob that was cut is continued; each later wait is twice as long. */
const PAUSE = 500;

/**
 * Another depot: its record, and the parts in it by their hashes. What it packed is not published
 * as it is: this depot verifies the parts, and packs them itself.
 */
export const depot: SourceKind = {
  at: 'url',
  open: (at, name, options) => new OtherDepot(new URL(at), name, options),
};

class OtherDepot implements Upstream {
  readonly kind = 'depot';
  readonly name: string;
  readonly #base: URL;
  readonly #limits: UpstreamLimits;

  constructor(base: URL, name: string, { limits }: SourceOptions) {
    this.#base = base;
    this.name = name;
    this.#limits = limits;
  }

  async find(buildId: string, asking: Asking): Promise<Found | Miss> {
    // At first it soon says whom it waits for.
    for (let wait = 1; ; wait = 30) {
      const record = await this.#record(buildId, wait, asking);
      if (!isMiss(record)) {
        return { files: [], copy: { record, blob: (blob) => this.#blob(blob, asking) } };
      }
      // It is fetching it, too.
      if (record.reason !== 'pending') return record;
      const { signal, via, onWait } = asking;
      const { waitsFor = [] } = record;
      onWait?.(waitsFor);
      if (isToGiveUp(waitsFor, via.at(-1))) {
        return { reason: 'pending', detail: `${this.name} waits for this depot to have it` };
      }
      await sleep(record.retryAfter ?? ASK_AGAIN, undefined, { signal }).catch(() => {
        signal.throwIfAborted();
      });
    }
  }

  async #record(
    buildId: string,
    wait: number,
    { signal, via }: Asking,
  ): Promise<KernelRecord | Miss> {
    const url = this.#url(`${kernelPath(buildId)}?wait=${wait}`);
    const headers = viaHeader(via);
    const options = { signal, headers, maxBytes: MAX_RECORD };
    const found = await readWhole(url, this.#limits, options);
    if (isMiss(found)) return found;
    const opened = openRecord(found.bytes);
    const { record } = opened;
    if (!record) return { reason: 'malformed', detail: `${url.href}: ${opened.why}` };
    if (record.buildId !== buildId) {
      return { reason: 'wrong-build-id', detail: `${url.href} is of ${record.buildId}` };
    }
    if (record.state === 'compressing') {
      return { reason: 'pending', detail: `${url.href} is not packed yet` };
    }
    return record;
  }

  /** The whole blob, with that hash. @throws UpstreamFault, the signal's reason. */
  async #blob({ sha256, size }: Blob, { signal, via }: Asking): Promise<Uint8Array> {
    const url = this.#url(`/v1/blobs/sha256/${sha256}`);
    const { maxBytes, breaks } = this.#limits;
    if (size > maxBytes) {
      throw new UpstreamFault({
        reason: 'too-large',
        detail: `${url.href} is said to have ${size} bytes`,
      });
    }
    let chunks: Uint8Array[] = [];
    let at = 0;
    let most = 0;
    const once = async (): Promise<Miss | undefined> => {
      const options = { start: at, signal, headers: viaHeader(via), maxBytes: size };
      const opened = await readHttp(url, this.#limits, options);
      if (isMiss(opened)) return opened;
      if (opened.start !== at) [chunks, at] = [[], 0];
      try {
        for await (const chunk of opened.bytes) {
          chunks.push(chunk);
          at += chunk.length;
          most = Math.max(most, at);
        }
      } catch (error) {
        if (error instanceof UpstreamFault) return error.miss;
        throw error;
      }
      return undefined;
    };
    const miss = await untilWhole(once, () => most, { signal, breaks, pauseMs: PAUSE });
    if (miss) throw new UpstreamFault(miss);
    const bytes = Buffer.concat(chunks);
    const is = createHash('sha256').update(bytes).digest('hex');
    if (is === sha256) return bytes;
    throw new UpstreamFault({ reason: 'malformed', detail: `${url.href} has SHA-256 ${is}` });
  }

  #url(path: string): URL {
    return new URL(path.replace(/^\//, ''), this.#base);
  }
}

/**
 * Whether depots wait for each other in a circle, and this one is to leave it: of all in the circle
 * one is the last by name, and each of them decides alike.
 */
function isToGiveUp(waitsFor: readonly string[], self: string | undefined): boolean {
  if (self === undefined) return false;
  const at = waitsFor.indexOf(self);
  return at >= 0 && waitsFor.slice(0, at).every((id) => id < self);
}
