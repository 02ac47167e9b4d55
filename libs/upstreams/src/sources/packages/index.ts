import {
  SingleFlight,
  type Asking,
  type Found,
  type Miss,
  type OfferedFile,
  type Upstream,
} from '@btf-depot/depot';
import { ArchiveError } from '../../archive/errors.ts';
import { readDebian } from '../../archive/debian/read-archive.ts';
import type { ArchiveItem } from '../../archive/item.ts';
import { placeOf } from '../../archive/place.ts';
import type { ArchiveReading } from '../../archive/reading.ts';
import { readRpm } from '../../archive/rpm/read-repository.ts';
import type { SourceKind, SourceOptions } from '../../kinds.ts';
import { missOfArchive } from './misses.ts';

/** Milliseconds for which a list of packages is used. */
const LIST_AGE = 3_600_000;

/**
 * An archive of packages: a suite of a Debian archive, by the URL of its folder in `dists`, or an
 * RPM repository, by the URL above its `repodata`. The indexes are signed, and have the hash of
 * each package, or each RPM is signed.
 *
 * A package is found by the build IDs in its index: `Build-Ids` of automatic debug packages,
 * `debuginfo(build-id)` or the links in `.build-id` of RPMs. Debian's own `linux-image-…-dbg` have
 * none there.
 */
export const packages: SourceKind = {
  at: 'url',
  nameOf: ({ host, pathname }) => host + pathname.replace(/\/$/, ''),
  open: (at, name, options) => new Packages(at, name, options),
};

class Packages implements Upstream {
  readonly kind = 'packages';
  readonly name: string;
  readonly #at: string;
  readonly #options: SourceOptions;
  readonly #closing = new AbortController();
  readonly #reads = new SingleFlight(() => this.#readList());
  #list: { items: ReadonlyMap<string, ArchiveItem>; until: number } | undefined;

  constructor(at: string, name: string, options: SourceOptions) {
    this.#at = at;
    this.name = name;
    this.#options = options;
  }

  async find(buildId: string, { signal }: Asking): Promise<Found | Miss> {
    signal.throwIfAborted();
    try {
      const items = await orAborted(this.#items(), signal);
      const item = items.get(buildId);
      if (item) return { files: [offer(item)] };
      return { reason: 'missing', detail: `${this.#at}: no kernel's package has ${buildId}` };
    } catch (error) {
      signal.throwIfAborted();
      return missOfArchive(this.#at, error);
    }
  }

  close(): Promise<void> {
    this.#closing.abort(new Error('the depot is stopping'));
    return Promise.resolve();
  }

  async #items(): Promise<ReadonlyMap<string, ArchiveItem>> {
    if (this.#list && performance.now() < this.#list.until) return this.#list.items;
    return this.#reads.run();
  }

  async #readList(): Promise<ReadonlyMap<string, ArchiveItem>> {
    const { trust, unpacked, rpmSignature } = this.#options;
    const reading = { trust, unpacked, rpmSignature, signal: this.#closing.signal };
    const items = new Map<string, ArchiveItem>();
    // Many may wait for it: it does not end when one of them does.
    for await (const item of this.#all(reading)) {
      for (const buildId of item.buildIds ?? []) items.set(buildId, item);
    }
    this.#list = { items, until: performance.now() + LIST_AGE };
    return items;
  }

  #all(reading: ArchiveReading): AsyncIterable<ArchiveItem> {
    const { limits } = this.#options;
    const [, archive, suite] = /^(.*\/)dists\/(.+?)\/$/.exec(this.#at) ?? [];
    if (archive === undefined || suite === undefined) {
      return readRpm(placeOf(this.#at, limits), { buildIds: true }, reading);
    }
    return readDebian(placeOf(archive, limits), { suites: [suite] }, reading);
  }
}

function offer({ place, path, size, sha256: listed, verify }: ArchiveItem): OfferedFile {
  return {
    name: path.replace(/.*\//, ''),
    part: 'kernel',
    size,
    async open(start, signal) {
      try {
        return await place.open(path, start, size, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof ArchiveError) return missOfArchive(place.url.href, error);
        throw error;
      }
    },
    async check(file) {
      if (file.sha256 !== listed) {
        const detail = `${path} has SHA-256 ${file.sha256}, its index says ${listed}`;
        return { reason: 'malformed', detail };
      }
      try {
        await verify?.(file.path);
        return undefined;
      } catch (error) {
        return missOfArchive(place.url.href, error);
      }
    },
  };
}

/** @throws the signal's reason, if that comes first. */
async function orAborted<Value>(value: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const ended = new AbortController();
  const aborted = new Promise<never>((_resolve, reject) => {
    const stop = () => reject(signal.reason as Error);
    signal.addEventListener('abort', stop, { once: true, signal: ended.signal });
  });
  try {
    return await Promise.race([value, aborted]);
  } finally {
    ended.abort();
  }
}
