import { sameName } from './member.ts';
import { isDebug, wantedKind } from './wanted.ts';

/** What is wanted of an archive that lists its files, until it was seen. */
export class Listing {
  readonly #expected = new Set<string>();
  #hasModules = false;

  constructor(names: readonly string[]) {
    for (const name of names) {
      const kind = wantedKind(name);
      if (kind === 'module') this.#hasModules ||= !isDebug(name);
      else if (kind !== undefined) this.#expected.add(sameName(name));
    }
  }

  see(name: string): void {
    this.#expected.delete(sameName(name));
  }

  /** Whether nothing more is to come. */
  isDone(hasModule: boolean): boolean {
    return this.#expected.size === 0 && (hasModule || !this.#hasModules);
  }
}
