/** A find that is useless. */
export interface PassedOver {
  /** Stable: `another-module`, `without-btf`, … */
  readonly code: string;
  /** For people. */
  readonly reason: string;
  /** Of the first one: shown escaped, never used as a path. */
  readonly name?: string | undefined;
  readonly count: number;
  /** It is a kernel by its name and its first bytes, and cannot be read. */
  readonly isKernel?: boolean | undefined;
}

/** Further ones are added to the last entry. */
const ENTRIES = 100;

/** Kinds that come in thousands are one entry. */
const MANY = new Set(['another-module', 'debug-module', 'another-map', 'dangling-link']);

/** Collects what is passed over, in the order of the input. */
export class PassedOverList {
  readonly #entries: (Omit<PassedOver, 'count'> & { count: number })[] = [];

  add(code: string, reason: string, name?: string, isKernel?: boolean): void {
    const same = MANY.has(code) && this.#entries.find((entry) => entry.code === code);
    const last = this.#entries.at(-1);
    if (same) same.count++;
    else if (last && this.#entries.length === ENTRIES) last.count++;
    else this.#entries.push({ code, reason, name, count: 1, isKernel });
  }

  get entries(): readonly PassedOver[] {
    return this.#entries;
  }
}
