/**
 * Types by a hash of theirs. If several match a type, it must take the same one as libbpf, so the
 * table grows and iterates like libbpf's hashmap. No order is better than another, but a shared one
 * can be compared.
 */
export class SignatureIndex {
  #heads = new Uint32Array(4);
  #count = 0;
  readonly #next: Uint32Array;
  readonly #hashes: Int32Array;

  /** For ids below `endId`. */
  constructor(endId: number) {
    this.#next = new Uint32Array(endId);
    this.#hashes = new Int32Array(endId);
  }

  /** Adds a type that was not added before. */
  add(hash: number, id: number): void {
    if (Math.floor(((this.#count + 1) * 4) / 3) > this.#heads.length) this.#grow();
    this.#count++;
    this.#hashes[id] = hash;
    this.#prepend(id);
  }

  /** The first type of that hash that `matches`, or 0. */
  find(hash: number, matches: (id: number) => boolean): number {
    let id = this.#heads[hash & (this.#heads.length - 1)];
    while (id !== 0 && (this.#hashes[id] !== hash || !matches(id))) id = this.#next[id];
    return id;
  }

  #prepend(id: number): void {
    const bucket = this.#hashes[id] & (this.#heads.length - 1);
    this.#next[id] = this.#heads[bucket];
    this.#heads[bucket] = id;
  }

  /** Growing reverses the chains. */
  #grow(): void {
    const heads = this.#heads;
    this.#heads = new Uint32Array(heads.length * 2);
    for (const head of heads) {
      for (let id = head; id !== 0;) {
        const next = this.#next[id];
        this.#prepend(id);
        id = next;
      }
    }
  }
}
