import type { KernelRecord } from '@btf-depot/contracts';
import { DepotError } from '@btf-depot/depot';
import type { Answered } from './kernel-thread.ts';
import type { OpenedParts, Question } from './messages.ts';
import type { Opening } from './opening-queue.ts';

/** Questions under way at one time; above it, who has most is told to come back. */
const MAX_PENDING = 4096;

interface Facts {
  id: number;
  /** Says all that the answer depends on. */
  name: string;
  client: string;
  /** Of the opened kernel. */
  key: string;
  of: OpenedParts['of'];
  record: KernelRecord;
  question: Question;
}

/** A question that is not answered yet. */
export interface PendingQuestion extends Facts {
  readonly answer: Promise<Answered>;
  readonly resolve: (answer: Answered) => void;
  readonly refuse: (error: Error) => void;
  /** Who wants the same, beside `client`. */
  readonly others: Set<string>;
  /** On the clock of `performance.now`. */
  readonly since: number;
  /** What it waits for; not once that was sent to the thread. */
  opening: Opening | undefined;
  /** The thread ended before its answer came. */
  isAskedAgain: boolean;
}

/** The questions that wait for their answers, each once however many want it. */
export class PendingQuestions {
  readonly #byId = new Map<number, PendingQuestion>();
  readonly #byName = new Map<string, PendingQuestion>();
  /** The questions that each client brought, in the order in which they came. */
  readonly #ofClients = new Map<string, Set<PendingQuestion>>();
  readonly #onRefused: (pending: PendingQuestion) => void;

  /** @param onRefused told of those that nobody waits for any more. */
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

  /** @throws DepotError `busy` if there is no room, and this client has as much as any. */
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

  /** Whether the client is a new one of those who want it. */
  join({ client: first, others }: PendingQuestion, client: string): boolean {
    if (client === first || others.has(client)) return false;
    others.add(client);
    return true;
  }

  /** Refuses what has waited for longer, in milliseconds. */
  refuseOld(age: number): void {
    const since = performance.now() - age;
    for (const pending of this.#byId.values()) {
      if (pending.since > since) break;
      this.#refuseBusy(pending);
    }
  }

  /** The newest question of the client that has most makes room for one that has fewer. */
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
