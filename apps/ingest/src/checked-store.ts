import { DepotError } from '@btf-depot/depot';
import { ReadinessChecks } from '@btf-depot/service-kit';

/** Milliseconds: an upload rather waits for a store that is slow than that it is refused. */
const PATIENCE = 30_000;

/** Whether the store takes writes: looked at once a second at most, however many ask. */
export class CheckedStore {
  readonly #checks: ReadinessChecks;

  /** @param checkWrites rejects where it takes none. */
  constructor(checkWrites: () => Promise<void>) {
    this.#checks = new ReadinessChecks({ store: { kind: 'hard', run: checkWrites } }, PATIENCE);
  }

  /** @throws DepotError `store-unavailable`. */
  async check(): Promise<void> {
    const { failing } = await this.#checks.look();
    if (failing.store !== undefined) throw new DepotError('store-unavailable', failing.store);
  }
}
