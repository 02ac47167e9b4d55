import { sameName } from './member.ts';
import { isDebug, releaseInName, wantedKind } from './wanted.ts';

/** What is wanted of an archive that lists its files, until it was seen. */
export class Listing {
  readonly #expected = new Set<string>();
  /** Releases that it has modules of. */
  readonly #modules = new Set<string | undefined>();

  constructor(names: readonly string[]) {
    for (const name of names) {
      const kind = wantedKind(name);
      if (kind === 'module') {
        if (!isDebug(name)) this.#modules.add(releaseInName(name));
      } else if (kind !== undefined) this.#expected.add(sameName(name));
    }
  }

  see(name: string): void {
    this.#expected.delete(sameName(name));
  }

  /** Whether nothing more is to come. */
  isDone(hasModule: (release: string | undefined) => boolean): boolean {
    return this.#expected.size === 0 && [...this.#modules].every(hasModule);
  }
}
