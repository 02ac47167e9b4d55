import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { VERIFIED_FIRST, type BlobLoad } from '../ports/blob-store.ts';
import { TURN } from './hash-in-turns.ts';
import { WITHHELD } from './verified-stream.ts';

/** A blob that is hashed while it is read into memory. */
export class VerifiedLoad implements BlobLoad {
  readonly bytes: Buffer;
  readonly whole: Promise<unknown>;
  onMore: () => void = () => undefined;
  readonly #load: BlobLoad;
  readonly #hash = createHash('sha256');
  #hashed = 0;
  /** The running hash, until it has caught up with the bytes. */
  #hashing: Promise<void> | undefined;
  #isSound = false;

  /** @param onOther makes the error for a wrong hash. */
  constructor(load: BlobLoad, sha256: string, onOther: () => Promise<Error>) {
    this.bytes = load.bytes;
    this.#load = load;
    load.onMore = () => this.#more();
    this.whole = load.whole.then(async () => {
      await this.#hashRest();
      if (this.#hash.digest('hex') !== sha256) throw await onOther();
      this.#isSound = true;
      this.onMore();
    });
    // The caller that stops it does not wait for it.
    this.whole.catch(() => undefined);
    this.#more();
  }

  get filled(): number {
    if (this.#isSound) return this.bytes.length;
    if (this.bytes.length <= VERIFIED_FIRST) return 0;
    return Math.min(this.#hashed, this.bytes.length - WITHHELD);
  }

  stop(): void {
    this.#load.stop();
  }

  #more(): void {
    if (this.#load.filled - this.#hashed > TURN) void this.#hashRest();
    else if (!this.#hashing) this.#hashTurn();
  }

  #hashRest(): Promise<void> {
    this.#hashing ??= this.#hashInTurns().finally(() => (this.#hashing = undefined));
    return this.#hashing;
  }

  async #hashInTurns(): Promise<void> {
    while (this.#hashed < this.#load.filled) {
      this.#hashTurn();
      await setImmediate();
    }
  }

  #hashTurn(): void {
    const end = Math.min(this.#load.filled, this.#hashed + TURN);
    this.#hash.update(this.bytes.subarray(this.#hashed, end));
    this.#hashed = end;
    this.onMore();
  }
}
