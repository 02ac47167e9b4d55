import { setTimeout as sleep } from 'node:timers/promises';
import { kernelPath, openRecord, type KernelRecord } from '@btf-depot/contracts';
import {
  isMiss,
  type Asking,
  type Found,
  type Miss,
  type OfferedFile,
  type Upstream,
} from '@btf-depot/depot';
import { readHttp, readWhole } from '../../http/read.ts';
import { viaHeader } from '../../http/via.ts';
import type { SourceKind, SourceOptions } from '../../kinds.ts';
import type { UpstreamLimits } from '../../limits.ts';

/** Bytes: far more than a record has. */
const MAX_RECORD = 4 * 1024 ** 2;

/**
 * Milliseconds between two requests to a depot that is fetching the kernel itself, unless it says
 * so.
 */
const ASK_AGAIN = 5000;

/**
 * Another depot: `vmlinux.btf` by the hash in its record, and core and variables in one BTF, from
 * which this depot splits the variables itself. Another depot's split and packed files are not
 * published as they are: only this depot's own verifier vouches for its publications.
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
      if (!isMiss(record)) return this.#offer(record, asking);
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

  #offer({ buildId, delivery, core, parts }: KernelRecord, { via }: Asking): Found {
    const claim = { buildId, delivery };
    const blob = `/v1/blobs/sha256/${core.sha256}`;
    const files: OfferedFile[] = [
      {
        ...claim,
        name: 'vmlinux.btf',
        part: 'kernel',
        size: core.size,
        open: (start, signal) => this.#open(blob, start, signal, via),
        check({ sha256 }) {
          const isIt = sha256 === core.sha256;
          const detail = `${blob} has SHA-256 ${sha256}`;
          return Promise.resolve(isIt ? undefined : { reason: 'malformed', detail });
        },
      },
    ];
    if (parts.vars) {
      const path = `${kernelPath(buildId)}/vmlinux.full.btf`;
      const open: OfferedFile['open'] = (_start, signal) => this.#open(path, 0, signal, via);
      files.push({ ...claim, name: 'vmlinux.full.btf', part: 'full', open });
    }
    return { files };
  }

  #open(path: string, start: number, signal: AbortSignal, via: readonly string[]) {
    const headers = viaHeader(via);
    return readHttp(this.#url(path), this.#limits, { start, signal, headers });
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
