import type { Btf } from './btf.ts';
import { infoKind } from '../kinds.ts';
import { hashBytes } from './hash.ts';

/**
 * The own named types of one BTF by name: chains of types whose names have the same hash, in
 * the order of ids. Takes some 10 ms for a kernel's 75,000 names, once.
 */
export class NameIndex {
  readonly #btf: Btf;
  readonly #heads: Uint32Array;
  readonly #next: Uint32Array;

  constructor(btf: Btf) {
    const { words, positions, strings, stringStart } = btf;
    let buckets = 64;
    while (buckets < positions.length) buckets *= 2;
    this.#btf = btf;
    this.#heads = new Uint32Array(buckets);
    this.#next = new Uint32Array(positions.length);
    // Backwards, so that each chain starts with its lowest id. Entries are own index + 1.
    for (let own = positions.length - 1; own >= 0; own--) {
      const offset = words[positions[own]];
      if (offset === 0) continue;
      const name = offset >= stringStart ? strings : btf.stringBytes(offset);
      const from = offset >= stringStart ? offset - stringStart : 0;
      const to = offset >= stringStart ? strings.indexOf(0, from) : name.length;
      const bucket = hashBytes(name, from, to) & (buckets - 1);
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
    const { words, positions, firstId } = this.#btf;
    const wanted = Buffer.from(name, 'latin1');
    const bucket = hashBytes(wanted, 0, wanted.length) & (this.#heads.length - 1);
    for (let entry = this.#heads[bucket]; entry !== 0; entry = this.#next[entry - 1]) {
      const position = positions[entry - 1];
      if (kind !== undefined && infoKind(words[position + 1]) !== kind) continue;
      const bytes = this.#btf.stringBytes(words[position]);
      if (wanted.equals(bytes)) yield firstId + entry - 1;
    }
  }
}
