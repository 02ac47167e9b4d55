import type { Allocate, BlobLoad } from '@btf-depot/depot';
import { Connection } from './connection.ts';

/** Connections without work that are kept for the next. */
const MAX_IDLE = 16;

/**
 * Reads objects straight into the memory in which they stay. Node's HTTP client cannot: it takes
 * new memory for every 64 KiB of a socket and again for every part of a body, which its collector
 * then has to find. For a cold blob that was a third of a fetch service's work.
 */
export class ObjectLoader {
  readonly #endpoint: URL;
  readonly #timeoutMs: number;
  readonly #idle: Connection[] = [];

  /**
   * @param endpoint `http:` or `https:`.
   * @param timeoutMs for the server's silence, in milliseconds.
   */
  constructor(endpoint: URL, timeoutMs: number) {
    this.#endpoint = endpoint;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * @param url of the endpoint, with all that the request needs.
   * @returns undefined if the answer is not simply 200 and the object's bytes: what it is, is for
   *   those to find out who know all of HTTP.
   */
  async load(url: URL, allocate: Allocate): Promise<BlobLoad | undefined> {
    for (;;) {
      const kept = this.#takeIdle();
      const connection = kept ?? new Connection(this.#endpoint, this.#timeoutMs);
      try {
        return await connection.get(url, allocate, () => this.#keep(connection));
      } catch (error) {
        // A server may end a connection that is kept at any moment, this one too.
        if (!kept || connection.wasHeard) throw error;
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
