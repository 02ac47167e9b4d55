import { setTimeout as sleep } from 'node:timers/promises';
import type { KernelRecord, KernelSummary } from '@btf-depot/contracts';
import {
  DepotError,
  hashesIn,
  RecordIndex,
  SingleFlight,
  summaryOf,
  type RecordStore,
  type StoredRecord,
} from '@btf-depot/depot';
import { NamedHashes } from './named-hashes.ts';

/** A refresh may take this fraction of the time: a large store is listed less often. */
const SHARE = 20;

/** Milliseconds between refreshes that a request needs. */
const LEAST_PAUSE = 1000;

/**
 * Milliseconds that a request waits for the first reading of all records, and that a later refresh
 * may take beyond twice the time of the last one before the list counts as old.
 */
const PATIENCE = 2000;

/** The digest of a record. */
interface Known {
  summary: KernelSummary;
  /** Marks of the blobs that it names. */
  blobs: Float64Array;
}

/**
 * All kernels in the order of their build IDs, for searches, and the blobs that they name: at most
 * `maxAge` milliseconds old, or twenty refreshes if that is longer. Requests get the current list.
 * Before all records were read once there is none; if a later refresh fails, the old list stays,
 * and says so.
 */
export class KernelList {
  readonly #index: RecordIndex<Known>;
  readonly #named = new NamedHashes();
  readonly #maxAge: number;
  readonly #onError: (message: string, error: unknown) => void;
  #sorted: readonly KernelSummary[] | undefined;
  #hasChanged = true;
  /** Why the last refresh ended early. */
  #failure: string | undefined;
  /** When all were read last. */
  #readAt = new Date(0);
  #refreshedAt = 0;
  /** When the running refresh began. */
  #runningSince: number | undefined;
  #took = 0;
  readonly #refreshes = new SingleFlight(() => this.#refresh());

  /** @param onError called for unreadable records, and for failed refreshes. */
  constructor(
    records: RecordStore,
    maxAge: number,
    onError: (message: string, error: unknown) => void,
  ) {
    this.#index = new RecordIndex(records, {
      keep: knownOf,
      onChange: (before, after) => {
        this.#hasChanged = true;
        this.#named.replace(before?.blobs, after?.blobs);
      },
    });
    this.#maxAge = maxAge;
    this.#onError = onError;
  }

  /** Refreshes now and periodically. It does not keep the process alive. */
  start(): void {
    this.#refreshLater();
    setInterval(() => this.#refreshIfDue(), Math.max(this.#maxAge, LEAST_PAUSE)).unref();
  }

  /** @throws DepotError `still-reading` before all were read; the errors of the store. */
  async kernels(): Promise<readonly KernelSummary[]> {
    if (this.#sorted) this.#refreshIfDue();
    else await this.#firstReading();
    if (this.#sorted) return this.#sorted;
    throw this.#stillReading();
  }

  get(buildId: string): KernelSummary | undefined {
    return this.#index.get(buildId)?.summary;
  }

  /** Why the list may differ from the store; undefined: it differs only by its age. */
  get incomplete(): string | undefined {
    if (!this.#sorted) return `${this.#index.size} records have been read so far`;
    const reason =
      this.#failure ?? (this.#isLate() ? 'the store has not answered since' : undefined);
    if (reason !== undefined) return `it was last read at ${this.#readAt.toISOString()}: ${reason}`;
    const { unread } = this.#index;
    return unread > 0 ? `${unread} records cannot be read at the moment` : undefined;
  }

  /** Kernels left out because their record is malformed or too new; undefined: none. */
  get unreadable(): number | undefined {
    const { unreadable } = this.#index;
    return unreadable > 0 ? unreadable : undefined;
  }

  /** Rejects if no record could be read since the start: then nothing can be served. */
  check(): Promise<void> {
    const { size } = this.#index;
    if (this.#sorted || size > 0 || this.#failure === undefined) return Promise.resolve();
    return Promise.reject(new Error(this.#failure));
  }

  /** Rejects if searches are incomplete or refused. */
  checkWhole(): Promise<void> {
    const { incomplete } = this;
    return incomplete === undefined ? Promise.resolve() : Promise.reject(new Error(incomplete));
  }

  /** Whether a kernel that is not withdrawn names this blob. */
  names(sha256: string): boolean {
    return this.#named.has(markOf(sha256));
  }

  /** Updates the entry of a record with its current state in the store. */
  note(stored: StoredRecord): void {
    this.#index.note(stored);
  }

  /**
   * As `names`, for callers that need a current "no".
   * @throws DepotError `still-reading` if unknown; the errors of the store.
   */
  async namesNow(sha256: string): Promise<boolean> {
    if (this.names(sha256)) return true;
    if (!this.#sorted) await this.#firstReading();
    else {
      // A refresh that began earlier may already have passed the record.
      await this.#refreshes.running()?.catch(() => undefined);
      const pause = LEAST_PAUSE - (performance.now() - this.#refreshedAt);
      if (pause > 0) await sleep(pause, undefined, { ref: false });
      await this.#refreshes.run();
    }
    if (this.names(sha256)) return true;
    if (this.incomplete === undefined) return false;
    throw this.#stillReading();
  }

  /** Resolves when all are read, or after a while. */
  async #firstReading(): Promise<void> {
    await Promise.race([this.#refreshes.run(), sleep(PATIENCE, undefined, { ref: false })]);
  }

  #stillReading(): DepotError {
    return new DepotError(
      'still-reading',
      `the list of kernels is not complete: ${this.incomplete ?? ''}`,
    );
  }

  #isLate(): boolean {
    if (this.#runningSince === undefined) return false;
    return performance.now() - this.#runningSince > PATIENCE + 2 * this.#took;
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
    this.#runningSince = started;
    try {
      await this.#index.refresh((buildId, error) =>
        this.#onError(`the record of ${buildId} cannot be read`, error),
      );
    } catch (error) {
      this.#failure = error instanceof Error ? error.message : String(error);
      throw error;
    } finally {
      this.#runningSince = undefined;
    }
    this.#failure = undefined;
    if (this.#hasChanged) {
      this.#hasChanged = false;
      this.#sorted = [...this.#index]
        .map(({ summary }) => summary)
        .sort((a, b) => (a.buildId < b.buildId ? -1 : 1));
    }
    this.#readAt = new Date();
    this.#refreshedAt = performance.now();
    // The first refresh reads every record; its time says nothing of the next one.
    this.#took = isFirst ? 0 : this.#refreshedAt - started;
  }
}

function knownOf(record: KernelRecord): Known {
  return { summary: summaryOf(record), blobs: Float64Array.from(hashesIn(record), markOf) };
}

/** 52 bits of a hash, which fit in a double: collisions do not happen by chance. */
function markOf(sha256: string): number {
  return parseInt(sha256.slice(0, 13), 16);
}
