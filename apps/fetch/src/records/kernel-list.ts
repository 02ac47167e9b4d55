import { setTimeout as sleep } from 'node:timers/promises';
import type { KernelRecord, KernelSummary } from '@btf-depot/contracts';
import { hashesIn, RecordIndex, SingleFlight, summaryOf, type RecordStore } from '@btf-depot/depot';

/** A refresh may take one part in so many of the time: a large store is listed less often. */
const SHARE = 20;

/** Milliseconds between refreshes that somebody cannot do without. */
const LEAST_PAUSE = 1000;

/** What is kept of a record. */
interface Known {
  summary: KernelSummary;
  /** Marks of the blobs that it names. */
  blobs: Float64Array;
}

/**
 * All kernels in the order of their build IDs, for searches, and the blobs that they name: as they
 * were at most `maxAge` milliseconds, or twenty refreshes if that is longer, ago. Whoever asks gets
 * what is there; only who asks before the first refresh has ended waits.
 */
export class KernelList {
  readonly #index: RecordIndex<Known>;
  readonly #maxAge: number;
  readonly #onError: (message: string, error: unknown) => void;
  #sorted: readonly KernelSummary[] | undefined;
  /** Records that were read since the last refresh began, by build ID. */
  readonly #noted = new Map<string, Known>();
  /** What `names` found since then. */
  readonly #named = new Set<string>();
  #refreshedAt = 0;
  #took = 0;
  readonly #refreshes = new SingleFlight(() => this.#refresh());

  /** @param onError told of records that cannot be read, and of refreshes that fail. */
  constructor(
    records: RecordStore,
    maxAge: number,
    onError: (message: string, error: unknown) => void,
  ) {
    this.#index = new RecordIndex(records, knownOf);
    this.#maxAge = maxAge;
    this.#onError = onError;
  }

  /** Refreshes now, and from then on whenever it is due. It does not keep the process alive. */
  start(): void {
    this.#refreshLater();
    setInterval(() => this.#refreshIfDue(), Math.max(this.#maxAge, LEAST_PAUSE)).unref();
  }

  /** @throws what the store throws, where nothing was read yet. */
  async kernels(): Promise<readonly KernelSummary[]> {
    if (!this.#sorted) await this.#refreshes.run();
    else this.#refreshIfDue();
    return this.#sorted ?? [];
  }

  get(buildId: string): KernelSummary | undefined {
    return this.#index.get(buildId)?.summary;
  }

  /** Whether a kernel that is not withdrawn has a blob of this hash. */
  names(sha256: string): boolean {
    if (this.#named.has(sha256)) return true;
    const mark = markOf(sha256);
    for (const { blobs } of this.#current()) {
      if (!blobs.includes(mark)) continue;
      this.#named.add(sha256);
      return true;
    }
    return false;
  }

  /** Tells of a record as the store has it now. */
  note(record: KernelRecord): void {
    this.#noted.set(record.buildId, knownOf(record));
    if (record.state === 'withdrawn') this.#named.clear();
  }

  /** The same, where a no would be wrong if it were old. @throws what the store throws. */
  async namesNow(sha256: string): Promise<boolean> {
    if (this.names(sha256)) return true;
    // One that began before we were asked may have passed by what we look for.
    await this.#refreshes.running()?.catch(() => undefined);
    const pause = LEAST_PAUSE - (performance.now() - this.#refreshedAt);
    if (pause > 0) await sleep(pause, undefined, { ref: false });
    await this.#refreshes.run();
    return this.names(sha256);
  }

  *#current(): Generator<Known> {
    yield* this.#noted.values();
    for (const known of this.#index) if (!this.#noted.has(known.summary.buildId)) yield known;
  }

  #refreshIfDue(): void {
    const age = performance.now() - this.#refreshedAt;
    if (age > Math.max(this.#maxAge, SHARE * this.#took)) this.#refreshLater();
  }

  #refreshLater(): void {
    this.#refreshes
      .run()
      .catch((error: unknown) => this.#onError('the list of kernels is not fresh', error));
  }

  async #refresh(): Promise<void> {
    const started = performance.now();
    const isFirst = this.#sorted === undefined;
    const noted = [...this.#noted];
    await this.#index.refresh((buildId, error) =>
      this.#onError(`the record of ${buildId} cannot be read`, error),
    );
    this.#sorted = [...this.#index]
      .map(({ summary }) => summary)
      .sort((a, b) => (a.buildId < b.buildId ? -1 : 1));
    this.#named.clear();
    for (const [buildId, known] of noted) {
      if (this.#noted.get(buildId) === known) this.#noted.delete(buildId);
    }
    this.#refreshedAt = performance.now();
    // The first reads every record, which says nothing of the next one.
    this.#took = isFirst ? 0 : this.#refreshedAt - started;
  }
}

function knownOf(record: KernelRecord): Known {
  return { summary: summaryOf(record), blobs: Float64Array.from(hashesIn(record), markOf) };
}

/** 52 bits of a hash, which a double holds: two of them do not meet by chance. */
function markOf(sha256: string): number {
  return parseInt(sha256.slice(0, 13), 16);
}
