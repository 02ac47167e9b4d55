const P1 = 0x9e3779b1;
const P2 = 0x85ebca77;
const P3 = 0xc2b2ae3d;
const P4 = 0x27d4eb2f;
const P5 = 0x165667b1;
const STRIPE = 16;

/** xxHash, 32 bits, seed 0 (xxhash_spec.md): the checksum of LZ4's frames. */
export class Xxh32 {
  readonly #lanes = Uint32Array.of(P1 + P2, P2, 0, -P1);
  readonly #held = new Uint8Array(STRIPE);
  #heldBytes = 0;
  #total = 0;

  update(bytes: Uint8Array): this {
    this.#total += bytes.length;
    let at = 0;
    if (this.#heldBytes > 0) {
      at = Math.min(STRIPE - this.#heldBytes, bytes.length);
      this.#held.set(bytes.subarray(0, at), this.#heldBytes);
      this.#heldBytes += at;
      if (this.#heldBytes < STRIPE) return this;
      this.#stripes(this.#held, 0, STRIPE);
      this.#heldBytes = 0;
    }
    const end = bytes.length - ((bytes.length - at) % STRIPE);
    this.#stripes(bytes, at, end);
    this.#held.set(bytes.subarray(end));
    this.#heldBytes = bytes.length - end;
    return this;
  }

  digest(): number {
    const [a = 0, b = 0, c = 0, d = 0] = this.#lanes;
    let hash =
      this.#total < STRIPE ? P5 : rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18);
    hash = (hash + this.#total) | 0;
    const rest = new DataView(this.#held.buffer, 0, this.#heldBytes);
    let at = 0;
    for (; at + 4 <= rest.byteLength; at += 4) {
      hash = Math.imul(rotate(hash + Math.imul(rest.getUint32(at, true), P3), 17), P4);
    }
    for (; at < rest.byteLength; at++) {
      hash = Math.imul(rotate(hash + Math.imul(rest.getUint8(at), P5), 11), P1);
    }
    hash = Math.imul(hash ^ (hash >>> 15), P2);
    hash = Math.imul(hash ^ (hash >>> 13), P3);
    return (hash ^ (hash >>> 16)) >>> 0;
  }

  #stripes(bytes: Uint8Array, from: number, end: number): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let [a = 0, b = 0, c = 0, d = 0] = this.#lanes;
    for (let at = from; at < end; at += STRIPE) {
      a = round(a, view.getUint32(at, true));
      b = round(b, view.getUint32(at + 4, true));
      c = round(c, view.getUint32(at + 8, true));
      d = round(d, view.getUint32(at + 12, true));
    }
    this.#lanes.set([a, b, c, d]);
  }
}

function round(lane: number, word: number): number {
  return Math.imul(rotate(lane + Math.imul(word, P2), 13), P1);
}

function rotate(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by));
}
