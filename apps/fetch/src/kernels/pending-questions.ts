import type { KernelRecord } from '@btf-depot/contracts';
import { DepotError } from '@btf-depot/depot';
import type { Answered } from './kernel-thread.ts';
import type { OpenedParts, Question } from './messages.ts';
import type { Opening } from './opening-queue.ts';

/** Most questions at one time; beyond, the client with the most is refused. */
const MAX_PENDING = 4096;

interface Facts {
  id: number;
  /** Contains everything that the answer depends on. */
  name: string;
  client: string;
  /** Of the opened kernel. */
  key: string;
  of: OpenedParts['of'];
  record: KernelRecord;
  question: Question;
}

/** An unanswered question. */
export interface PendingQuestion extends Facts {
  readonly answer: Promise<Answered>;
  readonly resolve: (answer: Answered) => void;
  readonly refuse: (error: Error) => void;
  /** Further clients of it, besides `client`. */
  readonly others: Set<string>;
  /** On the clock of `performance.now`. */
  readonly since: number;
  /** Its opening; not once it was sent to the thread. */
  opening: Opening | undefined;
  /** The thread ended before its answer came. */
  isAskedAgain: boolean;
}

/** The unanswered questions, each once for all its clients. */
export class PendingQuestions {
  readonly #byId = new Map<number, PendingQuestion>();
  readonly #byName = new Map<string, PendingQuestion>();
  /** The questions of each client, in order. */
  readonly #ofClients = new Map<string, Set<PendingQuestion>>();
  readonly #onRefused: (pending: PendingQuestion) => void;

  /** @param onRefused called for questions that nobody waits for any more. */
  constructor(onRefused: (pending: PendingQuestion) => void) {
    this.#onRefused = onRefused;
  }

  find(name: string): PendingQuestion | undefined {
    return this.#byName.get(name);
  }

  byId(id: number): PendingQuestion | undefined {
    return this.#byId.get(id);
  }

  all(): PendingQuestion[] {
    return [...this.#byId.values()];
  }

  /** @throws DepotError `busy` if there is no room, and this client has as many as any. */
  add(facts: Facts): PendingQuestion {
    this.#makeRoom(facts.client);
    const { promise, resolve, reject } = Promise.withResolvers<Answered>();
    const pending: PendingQuestion = {
      ...facts,
      answer: promise,
      others: new Set(),
      since: performance.now(),
      opening: undefined,
      isAskedAgain: false,
      resolve: (answer) => {
        this.#remove(pending);
        resolve(answer);
      },
      refuse: (error) => {
        this.#remove(pending);
        reject(error);
      },
    };
    this.#byId.set(pending.id, pending);
    this.#byName.set(pending.name, pending);
    const own = this.#ofClients.get(pending.client) ?? new Set();
    this.#ofClients.set(pending.client, own.add(pending));
    return pending;
  }

  /** Whether the client is new to the question. */
  join({ client: first, others }: PendingQuestion, client: string): boolean {
    if (client === first || others.has(client)) return false;
    others.add(client);
    return true;
  }

  /** Refuses questions that have waited longer, in milliseconds. */
  refuseOld(age: number): void {
    const since = performance.now() - age;
    for (const pending of this.#byId.values()) {
      if (pending.since > since) break;
      this.#refuseBusy(pending);
    }
  }

  /** The newest question of the client with the most makes room for a client with fewer. */
  #makeRoom(client: string): void {
    if (this.#byId.size < MAX_PENDING) return;
    let largest = new Set<PendingQuestion>();
    for (const own of this.#ofClients.values()) if (own.size > largest.size) largest = own;
    const newest = [...largest].at(-1);
    if (!newest || largest.size <= (this.#ofClients.get(client)?.size ?? 0) + 1) {
      throw new DepotError('busy', 'too many questions wait for an answer; retry in 2 s');
    }
    this.#refuseBusy(newest);
  }

  #refuseBusy(pending: PendingQuestion): void {
    pending.refuse(new DepotError('busy', 'too many questions wait for an answer; retry in 2 s'));
    this.#onRefused(pending);
  }

  #remove(pending: PendingQuestion): void {
    if (this.#byId.get(pending.id) !== pending) return;
    this.#byId.delete(pending.id);
    this.#byName.delete(pending.name);
    const own = this.#ofClients.get(pending.client);
    own?.delete(pending);
    if (own?.size === 0) this.#ofClients.delete(pending.client);
  }
}
