import type { ServerResponse } from 'node:http';
import { DepotError } from '@btf-depot/depot';
import { clientOf, type AddressedRequest } from '@btf-depot/service-kit';
import { HeldBytes, type Holdable } from './held-bytes.ts';

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

/** The most of the limit that is on its way to one client, the part for small answers included. */
const SHARE_OF_CLIENT = 0.5;

/** Who is sent something. */
type Asking = Pick<AddressedRequest, 'ip'>;
type Sent = ServerResponse<AddressedRequest>;

interface Sending {
  buffer: Buffer;
  client: string;
  /** When something was last taken of it, on the clock of `performance.now`. */
  takenAt: number;
}

/**
 * Memory that readers hold: what is being sent stays, whether or not a cache still has it. Each
 * is counted once, however many readers it has.
 */
export class HeldMemory {
  readonly #all = new HeldBytes();
  readonly #ofClients = new Map<string, HeldBytes>();
  /** Answers on their way, those first of which nothing was taken for longest. */
  readonly #sending = new Map<Sent, Sending>();
  readonly #limit: number;
  readonly #slow: number;

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
    return this.#all.bytes + bytes <= this.#limit;
  }

  /**
   * Whether this may be sent: it is held already, or there is room, of the whole and of the client's
   * share. Room is made by cutting those off who take next to nothing. Who takes what it is sent is
   * never cut for the sake of others.
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

  /** What is over the share goes to a client that has nothing on its way. */
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

  /** What is over the limit goes where it is the only one. */
  #hasRoomFor(what: Holdable): boolean {
    return this.#cutUntil(
      () => this.#all.has(what) || this.#all.isEmpty || this.hasRoom(this.#takes(what)),
      () => true,
    );
  }

  /** What is large leaves room for what is small. */
  #takes({ length }: Holdable): number {
    return length > SMALL ? length + SHARE_OF_SMALL * this.#limit : length;
  }

  /** Cuts those of these who take next to nothing, until there is room or none is left. */
  #cutUntil(fits: () => boolean, isMeant: (sending: Sending) => boolean): boolean {
    if (fits()) return true;
    const since = performance.now() - this.#slow;
    for (const [response, sending] of this.#sending) {
      if (sending.takenAt > since) return false;
      if (!isMeant(sending)) continue;
      this.#sent(response);
      // Of the connection, for an answer may still wait behind another one.
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

  /** Counts what an answer still has to get rid of. */
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

  /** Tells that a reader takes what it is sent. */
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

/** A connection that nothing is read from is cut, and what it holds is free. */
export function endWhenStalled(response: ServerResponse): void {
  response.setTimeout(STALLED, () => response.destroy());
}
