import { infoKind } from '../kinds.ts';
import { hashBytes, hashCString } from './hash.ts';

/** The own types and strings of one BTF, as stored there. */
interface NamedTypes {
  readonly words: Uint32Array;
  readonly positions: Uint32Array;
  readonly firstId: number;
  readonly strings: Uint8Array;
  readonly stringStart: number;
  /** May be of a base. */
  readonly stringBytes: (offset: number) => Uint8Array;
}

/**
 * The own named types of one BTF by name: chains of types whose names have the same hash, in the
 * order of ids. Building takes some 4 ms for a kernel's 75,000 names.
 */
export class NameIndex {
  readonly #types: NamedTypes;
  readonly #heads: Uint32Array;
  readonly #next: Uint32Array;

  constructor(types: NamedTypes) {
    const { words, positions, strings, stringStart } = types;
    let buckets = 64;
    while (buckets < positions.length) buckets *= 2;
    this.#types = types;
    this.#heads = new Uint32Array(buckets);
    this.#next = new Uint32Array(positions.length);
    // Backwards, so that each chain starts with its lowest id. Entries are own index + 1.
    for (let own = positions.length - 1; own >= 0; own--) {
      const offset = words[positions[own]];
      if (offset === 0) continue;
      const isOwn = offset >= stringStart;
      const hash = isOwn
        ? hashCString(strings, offset - stringStart)
        : hashWhole(types.stringBytes(offset));
      const bucket = hash & (buckets - 1);
      this.#next[own] = this.#heads[bucket];
      this.#heads[bucket] = own + 1;
    }
  }

  find(name: string, kind?: number): number | undefined {
    for (const id of this.#matches(name, kind)) return id;
    return undefined;
  }

  findAll(name: string, kind?: number): number[] {
    return [...this.#matches(name, kind)];
  }

  *#matches(name: string, kind: number | undefined): Generator<number> {
    const { words, positions, firstId } = this.#types;
    const wanted = Buffer.from(name, 'latin1');
    const bucket = hashWhole(wanted) & (this.#heads.length - 1);
    for (let entry = this.#heads[bucket]; entry !== 0; entry = this.#next[entry - 1]) {
      const position = positions[entry - 1];
      if (kind !== undefined && infoKind(words[position + 1]) !== kind) continue;
      const bytes = this.#types.stringBytes(words[position]);
      if (wanted.equals(bytes)) yield firstId + entry - 1;
    }
  }
}

function hashWhole(bytes: Uint8Array): number {
  return hashBytes(bytes, 0, bytes.length);
}
