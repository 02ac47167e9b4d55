import { sameName } from '../member.ts';

/** Most links that are remembered: kernels, a module and a map have few. */
const LIMIT = 256;

/** Links with unwanted names, which other links may point to. */
const OTHERS = 4096;

/**
 * Hard links with wanted names, to earlier bytes with an unwanted name. Layers of images name an
 * object first (ostree), packages a file by its build ID. They need another pass.
 */
export class HardLinks {
  /** Wanted names, by the name that has the bytes. */
  readonly #targets = new Map<string, string>();
  readonly #taken = new Set<string>();
  /** Targets of names that are links themselves. */
  readonly #led = new Map<string, string>();

  /** The bytes of a name were taken: its links no longer matter. */
  take(name: string): void {
    const key = sameName(name);
    this.#targets.delete(key);
    if (this.#taken.size < LIMIT) this.#taken.add(key);
  }

  add(name: string, target: string, isWanted: boolean): void {
    const named = sameName(target);
    const key = this.#led.get(named) ?? named;
    if (this.#led.size < OTHERS) this.#led.set(sameName(name), key);
    if (!isWanted) return;
    if (this.#taken.has(key) || this.#targets.has(key) || this.#targets.size === LIMIT) return;
    this.#targets.set(key, name);
  }

  /** Links whose bytes were not taken yet. */
  get left(): ReadonlyMap<string, string> {
    return this.#targets;
  }

  /** The wanted name of a member whose bytes are needed. */
  wantedNameOf(name: string): string | undefined {
    return this.#targets.get(sameName(name));
  }
}
