/** Milliseconds after which past time counts half. */
const HALF_LIFE = 10_000;

/** Remembered clients without waiting tasks. */
const MAX_REMEMBERED = 10_000;

interface Client<Task> {
  waiting: Task[];
  /** Decayed milliseconds of its tasks, as of `at`. */
  had: number;
  at: number;
}

/**
 * Tasks by client, a list for each. The next one belongs to the client that had the least time
 * recently, so a client with a single short task passes those with many or long ones.
 */
export class FairQueue<Task> {
  readonly #clients = new Map<string, Client<Task>>();
  readonly #now: () => number;

  /** @param now the clock, in milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Appends a task to those of its client. */
  add(client: string, task: Task): void {
    this.#of(client).waiting.push(task);
  }

  /** Puts back an unfinished task before those of its client. */
  again(client: string, task: Task): void {
    this.#of(client).waiting.unshift(task);
  }

  /** Takes the next task, of those that `mayRun` allows, if given. */
  next(mayRun: (client: string) => boolean = () => true): [client: string, task: Task] | undefined {
    const now = this.#now();
    let least: Client<Task> | undefined;
    let name = '';
    for (const [key, client] of this.#clients) {
      if (client.waiting.length === 0 || !mayRun(key)) continue;
      forget(client, now);
      if (least && client.had >= least.had) continue;
      least = client;
      name = key;
    }
    const task = least?.waiting.shift();
    return task === undefined ? undefined : [name, task];
  }

  /** Adds the milliseconds of a client's task. */
  ran(client: string, time: number): void {
    const known = this.#of(client);
    forget(known, this.#now());
    known.had += time;
  }

  /** The client with the most waiting tasks. */
  get largest(): { client: string; waiting: number } {
    let largest = { client: '', waiting: 0 };
    for (const [client, { waiting }] of this.#clients) {
      if (waiting.length > largest.waiting) largest = { client, waiting: waiting.length };
    }
    return largest;
  }

  #of(name: string): Client<Task> {
    let client = this.#clients.get(name);
    if (!client) {
      if (this.#clients.size >= MAX_REMEMBERED) this.#forgetOne();
      client = { waiting: [], had: 0, at: this.#now() };
      this.#clients.set(name, client);
    }
    return client;
  }

  /** The oldest client without waiting tasks. */
  #forgetOne(): void {
    for (const [name, { waiting }] of this.#clients) {
      if (waiting.length > 0) continue;
      this.#clients.delete(name);
      return;
    }
  }
}

function forget(client: { had: number; at: number }, now: number): void {
  client.had *= 2 ** ((client.at - now) / HALF_LIFE);
  client.at = now;
}
