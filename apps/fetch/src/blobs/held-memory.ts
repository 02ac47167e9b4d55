import type { ServerResponse } from 'node:http';
import { DepotError } from '@btf-depot/depot';
import { clientOf, type AddressedRequest } from '@btf-depot/service-kit';
import { HeldBytes, type Holdable } from './held-bytes.ts';

/** Milliseconds in which a reader must take at least some bytes. */
const STALLED = 60_000;

/**
 * Milliseconds in which a reader must take a part of its answer (send-bytes.ts), or it may be cut
 * for others: 17 kB/s, in the bursts in which the kernel asks for more.
 */
const SLOW = 15_000;

/** Bytes of a small answer, which has reserved memory: a variable, a page. */
const SMALL = 64 * 1024;

/** Share of the limit reserved for small answers. */
const SHARE_OF_SMALL = 0.25;

/** Largest share of the limit for one client, small answers included. */
const SHARE_OF_CLIENT = 0.5;

/** The receiver of an answer. */
type Asking = Pick<AddressedRequest, 'ip'>;
type Sent = ServerResponse<AddressedRequest>;

interface Sending {
  buffer: Buffer;
  client: string;
  /** When it last took some of its answer, on the clock of `performance.now`. */
  takenAt: number;
}

/**
 * Memory held by readers: a buffer that is being sent stays, whether or not a cache has it. Each is
 * counted once, however many readers it has.
 */
export class HeldMemory {
  readonly #all = new HeldBytes();
  readonly #ofClients = new Map<string, HeldBytes>();
  /** Unfinished answers, those first that have waited longest for their reader. */
  readonly #sending = new Map<Sent, Sending>();
  readonly #limit: number;
  readonly #slow: number;

  /**
   * @param limit in bytes.
   * @param slow milliseconds after which a reader that takes nothing may be cut.
   */
  constructor(limit: number, slow = SLOW) {
    this.#limit = limit;
    this.#slow = slow;
  }

  /** Whether so many more bytes may be held. */
  hasRoom(bytes: number): boolean {
    return this.#all.bytes + bytes <= this.#limit;
  }

  /**
   * Whether this may be sent: it is held already, or there is room, in total and in the client's
   * share. Readers that take next to nothing are cut to make room. A reader that keeps reading is
   * never cut for others.
   */
  admits(what: Holdable, asking: Asking): boolean {
    return this.#sharesWith(asking, what) && this.#hasRoomFor(what);
  }

  /** @throws DepotError `busy` if it is not admitted. */
  admit(what: Holdable, asking: Asking): void {
    if (!this.#sharesWith(asking, what)) {
      throw new DepotError(
        'busy',
        'unread answers of this client hold all memory that it may use; read them or retry in 2 s',
      );
    }
    if (!this.#hasRoomFor(what)) {
      throw new DepotError('busy', 'slow readers hold all memory for answers; retry in 2 s');
    }
  }

  /** An answer beyond the client's share is admitted if the client has no other. */
  #sharesWith(asking: Asking, what: Holdable): boolean {
    if (this.#ofClients.size === 0) return true;
    const client = clientOf(asking);
    const fits = () => {
      const held = this.#ofClients.get(client);
      if (!held || held.has(what)) return true;
      return held.bytes + this.#takes(what) <= SHARE_OF_CLIENT * this.#limit;
    };
    return this.#cutUntil(fits, (sending) => sending.client === client);
  }

  /** An answer beyond the limit is admitted if it is the only one. */
  #hasRoomFor(what: Holdable): boolean {
    return this.#cutUntil(
      () => this.#all.has(what) || this.#all.isEmpty || this.hasRoom(this.#takes(what)),
      () => true,
    );
  }

  /** Large answers leave room for small ones. */
  #takes({ length }: Holdable): number {
    return length > SMALL ? length + SHARE_OF_SMALL * this.#limit : length;
  }

  /** Cuts readers of this list that take next to nothing, until there is room. */
  #cutUntil(fits: () => boolean, isMeant: (sending: Sending) => boolean): boolean {
    if (fits()) return true;
    const since = performance.now() - this.#slow;
    for (const [response, sending] of this.#sending) {
      if (sending.takenAt > since) return false;
      if (!isMeant(sending)) continue;
      this.#sent(response);
      // Of the connection, since an answer may wait behind another one.
      response.req.socket.destroy();
      if (fits()) return true;
    }
    return false;
  }

  hold(what: Holdable): void {
    this.#all.add(what);
  }

  release(what: Holdable): void {
    this.#all.take(what);
  }

  /** Counts the unsent bytes of an answer. */
  holdWhileSent(buffer: Buffer, response: Sent): void {
    const client = clientOf(response.req);
    this.hold(buffer);
    const ofClient = this.#ofClients.get(client) ?? new HeldBytes();
    this.#ofClients.set(client, ofClient);
    ofClient.add(buffer);
    this.#sending.set(response, { buffer, client, takenAt: performance.now() });
    endWhenStalled(response);
    response.once('close', () => this.#sent(response));
  }

  /** Notes that a reader has taken bytes. */
  taken(response: Sent): void {
    const sending = this.#sending.get(response);
    if (!sending) return;
    this.#sending.delete(response);
    this.#sending.set(response, { ...sending, takenAt: performance.now() });
  }

  #sent(response: Sent): void {
    const sending = this.#sending.get(response);
    if (!sending) return;
    this.#sending.delete(response);
    const { buffer, client } = sending;
    this.release(buffer);
    const ofClient = this.#ofClients.get(client);
    ofClient?.take(buffer);
    if (ofClient?.isEmpty) this.#ofClients.delete(client);
  }
}

/** A connection whose reader takes nothing is cut, and its memory is free. */
export function endWhenStalled(response: ServerResponse): void {
  response.setTimeout(STALLED, () => response.destroy());
}
