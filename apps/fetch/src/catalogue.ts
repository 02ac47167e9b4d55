import type { KernelSummary } from '@btf-depot/contracts';
import { RecordIndex, summaryOf, type RecordStore } from '@btf-depot/depot';

/** A refresh may take one part in so many of the time: a large store is listed less often. */
const SHARE = 20;

/**
 * All kernels in the order of their build IDs, for searches: as they were at most `maxAge`
 * milliseconds, or twenty refreshes if that is longer, ago. Whoever asks gets what is there and
 * sets off the next refresh when it is due; only who asks before the first has ended waits.
 */
export class Catalogue {
  readonly #index: RecordIndex<KernelSummary>;
  readonly #maxAge: number;
  readonly #onError: (message: string, error: unknown) => void;
  #sorted: readonly KernelSummary[] | undefined;
  #refreshedAt = 0;
  #took = 0;
  #refreshing: Promise<void> | undefined;

  /** @param onError told of records that cannot be read, and of refreshes that fail. */
  constructor(
    records: RecordStore,
    maxAge: number,
    onError: (message: string, error: unknown) => void,
  ) {
    this.#index = new RecordIndex(records, summaryOf);
    this.#maxAge = maxAge;
    this.#onError = onError;
  }

  /** Reads all records for the first time, so that nobody has to wait for it. */
  warm(): void {
    this.#refreshLater();
  }

  /** @throws what the store throws, where nothing was read yet. */
  async kernels(): Promise<readonly KernelSummary[]> {
    if (!this.#sorted) await this.#refresh();
    else if (performance.now() - this.#refreshedAt > Math.max(this.#maxAge, SHARE * this.#took)) {
      this.#refreshLater();
    }
    return this.#sorted ?? [];
  }

  get(buildId: string): KernelSummary | undefined {
    return this.#index.get(buildId);
  }

  #refreshLater(): void {
    this.#refresh().catch((error: unknown) => this.#onError('the catalogue is not fresh', error));
  }

  #refresh(): Promise<void> {
    this.#refreshing ??= this.#read().finally(() => (this.#refreshing = undefined));
    return this.#refreshing;
  }

  async #read(): Promise<void> {
    const started = performance.now();
    await this.#index.refresh((buildId, error) =>
      this.#onError(`the record of ${buildId} cannot be read`, error),
    );
    this.#sorted = [...this.#index].sort((a, b) => (a.buildId < b.buildId ? -1 : 1));
    this.#refreshedAt = performance.now();
    this.#took = this.#refreshedAt - started;
  }
}
