import { DepotError } from '@btf-depot/depot';
import { ReadinessChecks } from '@btf-depot/service-kit';

/** Milliseconds: an upload waits for a slow store rather than being refused. */
const PATIENCE = 30_000;

/** Whether the store takes writes: tested at most once a second, for any number of uploads. */
export class CheckedStore {
  readonly #checks: ReadinessChecks;

  /** @param checkWrites rejects if it takes none. */
  constructor(checkWrites: () => Promise<void>) {
    this.#checks = new ReadinessChecks({ store: { kind: 'hard', run: checkWrites } }, PATIENCE);
  }

  /** @throws DepotError `store-unavailable`. */
  async check(): Promise<void> {
    const { failing } = await this.#checks.look();
    if (failing.store !== undefined) throw new DepotError('store-unavailable', failing.store);
  }
}
