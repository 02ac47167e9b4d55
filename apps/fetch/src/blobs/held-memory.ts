import type { ServerResponse } from 'node:http';

/** Milliseconds in which a reader must take at least something. */
const STALLED = 60_000;

/** What takes memory: a buffer, or a blob that comes. */
interface Holdable {
  /** Bytes. */
  readonly length: number;
}

/**
 * Memory that readers hold: what is being sent stays, whether or not a cache still has it. Each
 * is counted once, however many readers it has.
 */
export class HeldMemory {
  readonly #readers = new Map<Holdable, number>();
  /** Answers on their way, those first of which nothing was taken for longest. */
  readonly #sending = new Map<ServerResponse, Buffer>();
  readonly #limit: number;
  #bytes = 0;

  /** @param limit in bytes. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether so many bytes more may be held. */
  hasRoom(bytes: number): boolean {
    return this.#bytes + bytes <= this.#limit;
  }

  /**
   * Cuts those off who have taken nothing for longest, until there is room for so many bytes, or
   * nobody is left. For what cannot come piece by piece: all others would be refused instead.
   */
  makeRoom(bytes: number): void {
    for (const response of this.#sending.keys()) {
      if (this.hasRoom(bytes)) return;
      this.#sent(response);
      // Of the connection, for an answer may still wait behind another one.
      response.req.socket.destroy();
    }
  }

  hold(what: Holdable): void {
    const readers = this.#readers.get(what) ?? 0;
    this.#readers.set(what, readers + 1);
    if (readers === 0) this.#bytes += what.length;
  }

  release(what: Holdable): void {
    const readers = (this.#readers.get(what) ?? 0) - 1;
    if (readers > 0) {
      this.#readers.set(what, readers);
      return;
    }
    if (this.#readers.delete(what)) this.#bytes -= what.length;
  }

  /** Counts what an answer still has to get rid of. */
  holdWhileSent(buffer: Buffer, response: ServerResponse): void {
    this.hold(buffer);
    this.#sending.set(response, buffer);
    endWhenStalled(response);
    response.once('close', () => this.#sent(response));
  }

  /** Tells that a reader takes what it is sent: whoever does not is cut before it. */
  taken(response: ServerResponse): void {
    const buffer = this.#sending.get(response);
    if (!buffer) return;
    this.#sending.delete(response);
    this.#sending.set(response, buffer);
  }

  #sent(response: ServerResponse): void {
    const buffer = this.#sending.get(response);
    if (buffer && this.#sending.delete(response)) this.release(buffer);
  }
}

/** A connection that nothing is read from is cut, and what it holds is free. */
export function endWhenStalled(response: ServerResponse): void {
  response.setTimeout(STALLED, () => response.destroy());
}
