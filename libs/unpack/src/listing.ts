import { sameName } from './member.ts';
import { isDebug, releaseInName, wantedKind } from './wanted.ts';

/** The wanted files of an archive that lists its files, until they were seen. */
export class Listing {
  readonly #expected = new Set<string>();
  /** Releases of its modules. */
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

  /** Whether no wanted file is still to come. */
  isDone(hasModule: (release: string | undefined) => boolean): boolean {
    return this.#expected.size === 0 && [...this.#modules].every(hasModule);
  }
}
