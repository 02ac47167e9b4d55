import { DepotError } from '@btf-depot/depot';
import { ReadinessChecks } from '@btf-depot/service-kit';

/** Whether the store takes writes: looked at once a second at most, however many ask. */
export class CheckedStore {
  readonly #checks: ReadinessChecks;

  /** @param checkWrites rejects where it takes none. */
  constructor(checkWrites: () => Promise<void>) {
    this.#checks = new ReadinessChecks({ store: { kind: 'hard', run: checkWrites } });
  }

  /** @throws DepotError `store-unavailable`. */
  async check(): Promise<void> {
    const { failing } = await this.#checks.look();
    if (failing.store !== undefined) throw new DepotError('store-unavailable', failing.store);
  }
}
