import { DepotError } from '@btf-depot/depot';

export interface SeatRules {
  /** Seats at one time. */
  seats: number;
  /** Additional seats for clients that hold none: running work cannot be interrupted. */
  spare: number;
  /** Waiting requests before more are refused. */
  waiting: number;
  /** Milliseconds after which past use counts half. */
  halfLife: number;
}

interface Client {
  readonly name: string;
  held: number;
  /** Decayed milliseconds on seats, up to `at`. */
  used: number;
  at: number;
}

interface Waiter {
  readonly client: Client;
  readonly sit: () => void;
  readonly refuse: (reason: Error) => void;
}

/** Clients that are remembered although they neither hold nor want a seat. */
const MOST_IDLE = 1024;

/**
 * Seats shared among clients: a free seat goes to the client that used the least in recent time,
 * and to its requests in order. It stands in front of Piscina, whose own queue stops if its last
 * thread is ended with a task (5.3).
 */
export class Seats {
  readonly #rules: SeatRules;
  readonly #clients = new Map<string, Client>();
  readonly #waiting: Waiter[] = [];
  readonly #now: () => number;
  #taken = 0;

  /** @param now the time, in milliseconds from any origin. */
  constructor(rules: SeatRules, now: () => number = () => performance.now()) {
    this.#rules = rules;
    this.#now = now;
  }

  /** Seats that nobody holds or waits for, without the spare ones. */
  get free(): number {
    return Math.max(this.#rules.seats - this.#taken, 0);
  }

  /** Clients that are remembered. */
  get known(): number {
    return this.#clients.size;
  }

  /** @throws DepotError `busy` if so many wait that no more of this client should come. */
  checkRoom(name: string): void {
    const client = this.#client(name);
    if (this.#maySit(client) || this.#waiting.length < this.#rules.waiting) return;
    if (this.#pushedOutBy(client) === undefined) throw this.#busy();
  }

  /**
   * Resolves with a function that gives the seat back. If too many wait, the last request of the
   * client with the most is refused, if this client has fewer.
   * @throws the signal's reason as soon as it is aborted, DepotError `busy` for a refused request.
   */
  async take(name: string, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    const client = this.#client(name);
    if (this.#maySit(client)) this.#sit(client);
    else await this.#turn(client, signal);
    return () => this.#leave(client);
  }

  #turn(client: Client, signal: AbortSignal): Promise<void> {
    if (this.#waiting.length >= this.#rules.waiting)
      this.#pushedOutBy(client)?.refuse(this.#busy());
    return new Promise((resolve, reject) => {
      const leave = () => {
        signal.removeEventListener('abort', giveUp);
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
      };
      const waiter: Waiter = {
        client,
        sit: () => {
          leave();
          this.#sit(client);
          resolve();
        },
        refuse: (reason) => {
          leave();
          reject(reason);
        },
      };
      const giveUp = () => waiter.refuse(signal.reason as Error);
      this.#waiting.push(waiter);
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }

  #sit(client: Client): void {
    this.#account(client);
    client.held++;
    this.#taken++;
  }

  #leave(client: Client): void {
    this.#account(client);
    client.held--;
    this.#taken--;
    this.#next()?.sit();
  }

  #maySit({ held }: Client): boolean {
    const { seats, spare } = this.#rules;
    return this.#taken < (held === 0 ? seats + spare : seats);
  }

  /** The client whose turn it is. */
  #next(): Waiter | undefined {
    let next: Waiter | undefined;
    for (const waiter of this.#waiting) {
      const { client } = waiter;
      if (!this.#maySit(client)) continue;
      this.#account(client);
      if (next === undefined || client.used < next.client.used) next = waiter;
    }
    return next;
  }

  /** The request that must go so that this client may wait. */
  #pushedOutBy(client: Client): Waiter | undefined {
    const counts = new Map<Client, number>();
    for (const waiter of this.#waiting) {
      counts.set(waiter.client, (counts.get(waiter.client) ?? 0) + 1);
    }
    // One more than these is still no more than any other client has.
    let most = (counts.get(client) ?? 0) + 1;
    let largest: Client | undefined;
    for (const [other, count] of counts) {
      if (count > most) [largest, most] = [other, count];
    }
    return this.#waiting.findLast((waiter) => waiter.client === largest);
  }

  /** Decays what a client used to now. */
  #account(client: Client): void {
    const now = this.#now();
    const passed = now - client.at;
    client.used = client.used * 2 ** (-passed / this.#rules.halfLife) + client.held * passed;
    client.at = now;
  }

  #client(name: string): Client {
    const known = this.#clients.get(name);
    if (known) return known;
    const client = { name, held: 0, used: 0, at: this.#now() };
    this.#clients.set(name, client);
    this.#forget();
    return client;
  }

  /** If there are too many clients, forgets the oldest ones that are gone. */
  #forget(): void {
    if (this.#clients.size <= MOST_IDLE) return;
    const busy = new Set(this.#waiting.map(({ client }) => client));
    for (const client of this.#clients.values()) {
      if (this.#clients.size <= MOST_IDLE) return;
      if (client.held === 0 && !busy.has(client)) this.#clients.delete(client.name);
    }
  }

  #busy(): DepotError {
    return new DepotError(
      'busy',
      `${this.#waiting.length} files already wait for a thread, and no more may wait; retry later`,
    );
  }
}
