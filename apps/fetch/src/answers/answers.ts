import type { OutgoingHttpHeaders } from 'node:http';
import { DepotError } from '@btf-depot/depot';
import { clientOf } from '@btf-depot/service-kit';
import type { Request } from 'express';
import { LRUCache } from 'lru-cache';
import type { HeldMemory } from '../blobs/held-memory.ts';
import type { Budget } from '../clients/budget.ts';
import type { Answered } from '../kernels/kernel-thread.ts';

/** A computed body, ready to send. */
export interface Answer {
  bytes: Buffer;
  sha256: string;
  mediaType: string;
  /** Where its bytes count until readers have taken them. */
  held: HeldMemory;
  headers?: OutgoingHttpHeaders;
}

export interface Question {
  /** Contains everything that the answer depends on. */
  key: string;
  mediaType: string;
  /** The price of an answer that is not in memory; see Budget. */
  cost: number;
  /** Approximate bytes of the answer, if they are known and many. */
  size?: number;
  /** Additional headers if there is a next page. */
  more?: (next: string | undefined) => Pick<Answer, 'headers'>;
}

/** Overhead of an entry. */
const OVERHEAD = 512;

/**
 * Computed answers and refusals in memory, at most so many bytes: the least recently used one goes.
 */
export class Answers {
  readonly #budget: Budget;
  readonly #held: HeldMemory;
  readonly #cache: LRUCache<string, Answer | DepotError>;

  constructor(maxBytes: number, budget: Budget, held: HeldMemory) {
    this.#budget = budget;
    this.#held = held;
    this.#cache = new LRUCache({
      maxSize: Math.max(maxBytes, 1),
      sizeCalculation: (entry) => OVERHEAD + ('bytes' in entry ? entry.bytes.length : 0),
    });
  }

  /** The answer if it is in memory, and can be sent to this client. */
  peek(request: Pick<Request, 'ip'>, key: string): Answer | undefined {
    const entry = this.#cache.get(key);
    return entry && 'bytes' in entry && this.#held.admits(entry.bytes, request) ? entry : undefined;
  }

  /**
   * The answer; one in memory costs the client nothing.
   * @param make is given the client. For simultaneous requests of the same answer it may be called
   *   for each, and makes one answer for all.
   * @throws DepotError `budget-spent`, `busy` if it could not be sent; the errors of `make`.
   */
  async get(
    request: Pick<Request, 'ip'>,
    question: Question,
    make: (client: string) => Promise<Answered>,
  ): Promise<Answer> {
    const { key, mediaType, cost, size = 0 } = question;
    const known = this.#cache.get(key);
    if (known instanceof DepotError) throw known;
    if (known) return known;
    this.#held.admit({ length: size }, request);
    this.#budget.spend(request, cost);
    try {
      const made = await make(clientOf(request));
      const { bytes, sha256, next } = made;
      const answer = { bytes, sha256, mediaType, held: this.#held, ...question.more?.(next) };
      this.#cache.set(key, answer);
      return answer;
    } catch (error) {
      // A miss lasts until the kernel changes; overload and faults may end before.
      if (error instanceof DepotError && LASTING.has(error.code)) this.#cache.set(key, error);
      throw error;
    }
  }
}

const LASTING: ReadonlySet<string> = new Set(['unknown-variable', 'no-vars', 'bad-btf']);
