import type { KernelRecord } from '@btf-depot/contracts';
import type { OpenedParts } from './messages.ts';
import { FairQueue } from './fair-queue.ts';
import type { PendingQuestion } from './pending-questions.ts';

/** Most kernels whose parts are in memory beside the open ones, in total and for one client. */
const AT_ONCE = 4;
const OF_CLIENT = 2;

/** A kernel to open, and the questions to answer with it. */
export interface Opening {
  id: number;
  key: string;
  of: OpenedParts['of'];
  record: KernelRecord;
  client: string;
  asked: PendingQuestion[];
  /** Questions that came after it was sent to the thread. */
  late: PendingQuestion[];
  state: 'waiting' | 'reading' | 'sent' | 'over';
}

/**
 * Kernels that wait to be opened: clients take turns, and none waits for the kernels of another. A
 * kernel is opened once for all waiting questions, which are answered before its place is free
 * again: no kernel of another client can close it before.
 */
export class OpeningQueue {
  readonly #start: (opening: Opening) => Promise<void>;
  readonly #byKey = new Map<string, Opening>();
  readonly #sent = new Map<number, Opening>();
  readonly #turns = new FairQueue<Opening>();
  readonly #places = new Map<Opening, string>();

  /** @param start reads the parts and sends them to the thread. */
  constructor(start: (opening: Opening) => Promise<void>) {
    this.#start = start;
  }

  /** Openings sent to the thread. */
  sent(id: number): Opening | undefined {
    return this.#sent.get(id);
  }

  /** Adds the question to its kernel's opening. */
  wait(pending: PendingQuestion, nextId: () => number): void {
    const { key, of, record, client, others } = pending;
    let opening = this.#byKey.get(key);
    if (opening?.state === 'sent') {
      opening.late.push(pending);
      return;
    }
    if (!opening) {
      const state = 'waiting';
      opening = { id: nextId(), key, of, record, client, asked: [], late: [], state };
      this.#byKey.set(key, opening);
    }
    opening.asked.push(pending);
    pending.opening = opening;
    for (const each of [client, ...others]) this.join(opening, each);
  }

  /** The opening also has a turn of this client. */
  join(opening: Opening, client: string): void {
    if (opening.state !== 'waiting') return;
    this.#turns.add(client, opening);
    this.#next();
  }

  /** @returns the questions that came too late to be sent with it. */
  opened(opening: Opening, took: number): PendingQuestion[] {
    this.#turns.ran(opening.client, took);
    this.#over(opening);
    const answers = opening.asked.map(({ answer }) => answer);
    void Promise.allSettled(answers).then(() => this.#leave(opening));
    return opening.late;
  }

  failed(opening: Opening, error: Error): void {
    this.#over(opening);
    this.#leave(opening);
    for (const pending of [...opening.asked, ...opening.late]) pending.refuse(error);
  }

  /** The thread is gone, with its openings. */
  lost(): void {
    for (const opening of this.#sent.values()) this.#over(opening);
    for (const opening of this.#places.keys()) if (opening.state === 'over') this.#leave(opening);
  }

  #next(): void {
    while (this.#places.size < AT_ONCE) {
      const held = (client: string) =>
        [...this.#places.values()].filter((holder) => holder === client).length;
      const next = this.#turns.next((client) => held(client) < OF_CLIENT);
      if (!next) return;
      const [client, opening] = next;
      // It is in the lists of all its clients.
      if (opening.state !== 'waiting') continue;
      opening.state = 'reading';
      this.#places.set(opening, client);
      void this.#read(opening);
    }
  }

  async #read(opening: Opening): Promise<void> {
    try {
      await this.#start(opening);
      opening.state = 'sent';
      this.#sent.set(opening.id, opening);
      for (const pending of opening.asked) pending.opening = undefined;
    } catch (error) {
      this.failed(opening, error instanceof Error ? error : new Error(String(error)));
    }
  }

  #over(opening: Opening): void {
    opening.state = 'over';
    this.#sent.delete(opening.id);
    if (this.#byKey.get(opening.key) === opening) this.#byKey.delete(opening.key);
  }

  #leave(opening: Opening): void {
    if (this.#places.delete(opening)) this.#next();
  }
}
