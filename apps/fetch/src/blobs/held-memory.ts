import type { ServerResponse } from 'node:http';
import { DepotError } from '@btf-depot/depot';

/** Milliseconds in which a reader must take at least something. */
const STALLED = 60_000;

/**
 * Milliseconds in which a reader must take a part of what it is sent (send-bytes.ts), lest it is cut
 * where others find no room: 17 kB/s, in the bursts in which the kernel asks for more.
 */
const SLOW = 15_000;

/** Bytes of an answer that finds room where larger ones have taken theirs: a variable, a page. */
const SMALL = 64 * 1024;

/** What of the limit is for small answers alone. */
const SHARE_OF_SMALL = 0.25;

/** What takes memory: a buffer, or a blob that comes. */
interface Holdable {
  /** Bytes. */
  readonly length: number;
}

interface Sending {
  buffer: Buffer;
  /** When something was last taken of it, on the clock of `performance.now`. */
  takenAt: number;
}

/**
 * Memory that readers hold: what is being sent stays, whether or not a cache still has it. Each
 * is counted once, however many readers it has.
 */
export class HeldMemory {
  readonly #readers = new Map<Holdable, number>();
  /** Answers on their way, those first of which nothing was taken for longest. */
  readonly #sending = new Map<ServerResponse, Sending>();
  readonly #limit: number;
  readonly #slow: number;
  #bytes = 0;

  /**
   * @param limit in bytes.
   * @param slow milliseconds after which who takes nothing may be cut.
   */
  constructor(limit: number, slow = SLOW) {
    this.#limit = limit;
    this.#slow = slow;
  }

  /** Whether so many bytes more may be held. */
  hasRoom(bytes: number): boolean {
    return this.#bytes + bytes <= this.#limit;
  }

  /**
   * Whether this may be sent: it is held already, or there is room, which is made by cutting those
   * off who take next to nothing. Who takes what it is sent is never cut for the sake of others.
   */
  admits(what: Holdable): boolean {
    if (this.#readers.has(what)) return true;
    const isLarge = what.length > SMALL;
    const takes = isLarge ? what.length + SHARE_OF_SMALL * this.#limit : what.length;
    // What is over the limit goes where it is the only one.
    const fits = () => this.hasRoom(takes) || this.#readers.size === 0;
    const since = performance.now() - this.#slow;
    for (const [response, { takenAt }] of this.#sending) {
      if (fits() || takenAt > since) break;
      this.#sent(response);
      // Of the connection, for an answer may still wait behind another one.
      response.req.socket.destroy();
    }
    return fits();
  }

  /** @throws DepotError `busy` where it is not admitted. */
  admit(what: Holdable): void {
    if (this.admits(what)) return;
    throw new DepotError('busy', 'as much is on its way to slow readers as may be');
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
    this.#sending.set(response, { buffer, takenAt: performance.now() });
    endWhenStalled(response);
    response.once('close', () => this.#sent(response));
  }

  /** Tells that a reader takes what it is sent. */
  taken(response: ServerResponse): void {
    const sending = this.#sending.get(response);
    if (!sending) return;
    this.#sending.delete(response);
    this.#sending.set(response, { ...sending, takenAt: performance.now() });
  }

  #sent(response: ServerResponse): void {
    const sending = this.#sending.get(response);
    if (sending && this.#sending.delete(response)) this.release(sending.buffer);
  }
}

/** A connection that nothing is read from is cut, and what it holds is free. */
export function endWhenStalled(response: ServerResponse): void {
  response.setTimeout(STALLED, () => response.destroy());
}
