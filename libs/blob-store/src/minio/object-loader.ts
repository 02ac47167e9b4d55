import type { Allocate, BlobLoad } from '@btf-depot/depot';
import { Connection } from './connection.ts';

/** Idle connections kept for the next request. */
const MAX_IDLE = 16;

/**
 * Reads objects straight into their final memory. Node's HTTP client allocates new memory for every
 * 64 KiB of a socket and again for every part of a body, which the garbage collector must then
 * find: for a cold blob that was a third of a fetch service's work. Measured against undici 7.30
 * (`dispatch`, each part copied into one buffer): 40 objects of 2 MB from MinIO, 8 at once, took it
 * 2.3 times as long and 2.7 times the processor time (medians of 12 alternating rounds).
 */
export class ObjectLoader {
  readonly #endpoint: URL;
  readonly #silenceMs: number;
  readonly #idle: Connection[] = [];

  /**
   * @param endpoint `http:` or `https:`.
   * @param silenceMs milliseconds that the server may be silent.
   */
  constructor(endpoint: URL, silenceMs: number) {
    this.#endpoint = endpoint;
    this.#silenceMs = silenceMs;
  }

  /**
   * @param url of the endpoint, with everything that the request needs.
   * @returns undefined if the answer is not a plain 200 with the object's bytes: the general client
   *   then finds out why.
   */
  async load(url: URL, allocate: Allocate): Promise<BlobLoad | undefined> {
    for (;;) {
      const kept = this.#takeIdle();
      const connection = kept ?? new Connection(this.#endpoint, this.#silenceMs);
      try {
        return await connection.get(url, allocate, () => this.#keep(connection));
      } catch (error) {
        // The server may close an idle connection at any moment, this one too.
        if (!kept || connection.isUsedUp) throw error;
      }
    }
  }

  #takeIdle(): Connection | undefined {
    for (let next = this.#idle.pop(); next; next = this.#idle.pop()) if (next.isOpen) return next;
    return undefined;
  }

  #keep(connection: Connection): void {
    if (this.#idle.length < MAX_IDLE) this.#idle.push(connection);
    else connection.end();
  }
}
