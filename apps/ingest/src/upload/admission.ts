import { DepotError } from '@btf-depot/depot';

export interface AdmissionRules {
  /** Uploads at one time. */
  uploads: number;
  /** Uploads that a token may begin in a minute, at this process. */
  perMinute: number;
}

export interface Entrant {
  /** The client: uploads are shared fairly among these. */
  client: string;
  /** Id of the token; undefined if none is needed. */
  token?: string | undefined;
  /** Throws if so many files wait for a thread that no more of this client should come. */
  checkRoom: () => void;
  /** Called if the upload has to make room for another client's. */
  cut: (reason: DepotError) => void;
}

interface Running {
  readonly client: string;
  readonly cut: (reason: DepotError) => void;
}

const MINUTE = 60_000;

/** Decides whether an upload may begin, before any of its bytes are read. */
export class Admission {
  readonly #rules: AdmissionRules;
  readonly #begun = new Map<string, { since: number; count: number }>();
  /** In the order in which they began. */
  readonly #running = new Set<Running>();

  constructor(rules: AdmissionRules) {
    this.#rules = rules;
  }

  /**
   * If there are too many, the newest upload of the client with the most is cut, if that client
   * keeps at least as many as this one gets.
   *
   * @returns a function to call when the upload has ended.
   * @throws DepotError `rate-exceeded`, `too-many-uploads`, `busy`.
   */
  enter({ client, token, checkRoom, cut }: Entrant): () => void {
    if (token !== undefined) this.#count(token);
    const isFull = this.#running.size >= this.#rules.uploads;
    const other = isFull ? this.#newestOfLargest(client) : undefined;
    if (isFull && !other) throw this.#tooMany();
    checkRoom();
    if (other) {
      this.#running.delete(other);
      other.cut(this.#tooMany());
    }
    const running = { client, cut };
    this.#running.add(running);
    return () => {
      this.#running.delete(running);
    };
  }

  /** Ends every running upload. */
  cutAll(reason: DepotError): void {
    for (const { cut } of this.#running) cut(reason);
  }

  /** Undefined if no client has two more than this one: they would only cut each other. */
  #newestOfLargest(client: string): Running | undefined {
    const counts = new Map<string, number>();
    for (const running of this.#running) {
      counts.set(running.client, (counts.get(running.client) ?? 0) + 1);
    }
    let most = (counts.get(client) ?? 0) + 1;
    let largest: string | undefined;
    for (const [other, count] of counts) {
      if (count > most) [largest, most] = [other, count];
    }
    return [...this.#running].findLast((running) => running.client === largest);
  }

  #tooMany(): DepotError {
    const { uploads } = this.#rules;
    return new DepotError('too-many-uploads', `all ${uploads} upload slots are taken; retry later`);
  }

  #count(token: string): void {
    const now = performance.now();
    for (const [id, { since }] of this.#begun) if (now - since > MINUTE) this.#begun.delete(id);
    const begun = this.#begun.get(token) ?? { since: now, count: 0 };
    this.#begun.set(token, begun);
    const { perMinute } = this.#rules;
    if (begun.count >= perMinute) {
      throw new DepotError(
        'rate-exceeded',
        `this token began ${perMinute} uploads in the last minute, and may begin no more; retry in a minute`,
      );
    }
    begun.count++;
  }
}
