import { createHash } from 'node:crypto';
import { DepotError } from '@btf-depot/depot';
import { LRUCache } from 'lru-cache';

/** A body that was computed, ready to be sent. */
export interface Answer {
  bytes: Buffer;
  sha256: string;
  mediaType: string;
}

/** What an entry takes beside its bytes. */
const OVERHEAD = 512;

/**
 * Computed answers in memory, at most so many bytes, refusals included: the least recently used
 * goes. Many who ask for one that is not there share one computation.
 */
export class Answers {
  readonly #cache: LRUCache<string, Answer | DepotError>;
  readonly #making = new Map<string, Promise<Answer>>();

  constructor(maxBytes: number) {
    this.#cache = new LRUCache({
      maxSize: Math.max(maxBytes, 1),
      sizeCalculation: (entry) => OVERHEAD + ('bytes' in entry ? entry.bytes.length : 0),
    });
  }

  /** The answer if it is in memory. */
  peek(key: string): Answer | undefined {
    const entry = this.#cache.get(key);
    return entry && 'bytes' in entry ? entry : undefined;
  }

  /**
   * @param key says all that the answer depends on.
   * @throws what `make` throws.
   */
  async get(key: string, mediaType: string, make: () => Promise<Uint8Array>): Promise<Answer> {
    const known = this.#cache.get(key);
    if (known instanceof DepotError) throw known;
    if (known) return known;
    let making = this.#making.get(key);
    if (!making) {
      making = this.#make(key, mediaType, make).finally(() => this.#making.delete(key));
      this.#making.set(key, making);
    }
    return making;
  }

  async #make(key: string, mediaType: string, make: () => Promise<Uint8Array>): Promise<Answer> {
    try {
      const made = await make();
      const bytes = Buffer.from(made.buffer, made.byteOffset, made.byteLength);
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      const answer = { bytes, sha256, mediaType };
      this.#cache.set(key, answer);
      return answer;
    } catch (error) {
      // A miss stays one until the kernel changes; what is busy or broken may be well again.
      if (error instanceof DepotError && LASTING.has(error.code)) this.#cache.set(key, error);
      throw error;
    }
  }
}

const LASTING: ReadonlySet<string> = new Set(['unknown-variable', 'no-vars', 'bad-btf']);
