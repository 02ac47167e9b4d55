import type { ServerResponse } from 'node:http';

/** Milliseconds in which a reader must take at least something. */
const STALLED = 60_000;

/**
 * Memory that readers hold: blobs that are being sent stay, whether or not a cache still has them.
 * Each is counted once, however many readers it has.
 */
export class HeldMemory {
  readonly #readers = new Map<Buffer, number>();
  readonly #limit: number;
  #bytes = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether so many bytes more may be held. */
  hasRoom(bytes: number): boolean {
    return this.#bytes + bytes <= this.#limit;
  }

  hold(buffer: Buffer): void {
    const readers = this.#readers.get(buffer) ?? 0;
    this.#readers.set(buffer, readers + 1);
    if (readers === 0) this.#bytes += buffer.length;
  }

  release(buffer: Buffer): void {
    const readers = (this.#readers.get(buffer) ?? 0) - 1;
    if (readers > 0) {
      this.#readers.set(buffer, readers);
      return;
    }
    if (this.#readers.delete(buffer)) this.#bytes -= buffer.length;
  }

  /** Counts what an answer that was written has not got rid of yet. */
  holdWhileSent(buffer: Buffer, response: ServerResponse): void {
    if ((response.socket?.writableLength ?? 0) === 0) return;
    this.hold(buffer);
    endWhenStalled(response);
    response.once('close', () => this.release(buffer));
  }
}

/** A connection that nothing is read from is cut, and what it holds is free. */
export function endWhenStalled(response: ServerResponse): void {
  response.setTimeout(STALLED, () => response.destroy());
}
