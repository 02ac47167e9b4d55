import type { KernelRecord } from '@btf-depot/contracts';
import {
  DepotError,
  missingPart,
  type AnswerLimits,
  type SiteParts,
  type VariableParts,
} from '@btf-depot/depot';
import { LRUCache } from 'lru-cache';
import { isOfSites, type Made, type OpenedParts, type Question, type Reply } from './messages.ts';
import { OpeningQueue, type Opening } from './opening-queue.ts';
import { PendingQuestions, type PendingQuestion } from './pending-questions.ts';
import { WatchedWorker, type ThreadEnd } from './watched-worker.ts';

/** Milliseconds that a question waits for its answer before it is refused. */
const MAX_WAIT = 60_000;

/** Seconds for which a question that ended the thread is refused. */
const GUILTY_FOR = 600;

const SCRIPT = new URL('./worker.ts', import.meta.url);

export interface KernelLimits {
  /** Bytes of open kernels. */
  maxBytes: number;
  answer: AnswerLimits;
  /** Milliseconds of the processor for one question, or one opening. */
  questionTime: number;
  /** Bytes of the thread's heap beside the open kernels. */
  memory: number;
}

export interface KernelThreadDeps {
  /** Reads a blob of a kernel to open. */
  read: (sha256: string) => Promise<Uint8Array>;
  /** Called with the processor milliseconds of a client's question. */
  charge?: (client: string, took: number) => void;
  /** The thread's script, for tests. */
  script?: URL;
}

/** A computed answer, ready to send. */
export type Answered = Omit<Made, 'bytes'> & { bytes: Buffer };

/**
 * Open kernels for questions about their types, on a separate thread: opening one takes as long as
 * hundreds of answers, and must not delay other requests. One thread, so that each kernel is in
 * memory once: a pool such as piscina would open it in each of its threads, and wait for one answer
 * before it sends the next question.
 *
 * Clients take turns in the thread (fair-queue.ts). A question that takes too much time or memory
 * ends the thread (watched-worker.ts), and a new one starts: that question is refused from then on,
 * and the other waiting ones are asked again.
 */
export class KernelThread {
  readonly #limits: KernelLimits;
  readonly #deps: KernelThreadDeps;
  readonly #waiting = new PendingQuestions((pending) =>
    this.#worker?.post({ do: 'forget', id: pending.id }),
  );
  readonly #openings: OpeningQueue;
  /** Questions, and kernels, that ended the thread. */
  readonly #guilty = new LRUCache<string, DepotError>({ max: 1000, ttl: GUILTY_FOR * 1000 });
  #worker: WatchedWorker | undefined;
  #lastId = 0;

  constructor(limits: KernelLimits, deps: KernelThreadDeps) {
    this.#limits = limits;
    this.#deps = deps;
    this.#openings = new OpeningQueue((opening) => this.#readAndOpen(opening));
    setInterval(() => this.#waiting.refuseOld(MAX_WAIT), 1000).unref();
    // Now, for the first question: loading the thread takes longer than opening a kernel.
    this.#start();
  }

  /** @throws DepotError of the use cases, `busy`, `time-limit` and `memory-limit`. */
  async ask(record: KernelRecord, question: Question, client: string): Promise<Answered> {
    const of = isOfSites(question) ? 'sites' : 'vars';
    const key = `${kernelKey(record)} ${of}`;
    const name = `${key} ${JSON.stringify(question, bigintAsText)}`;
    const guilty = this.#guilty.get(name) ?? this.#guilty.get(key);
    if (guilty) throw guilty;
    const same = this.#waiting.find(name);
    if (same) {
      this.#join(same, client);
      return same.answer;
    }
    const id = this.#nextId();
    const pending = this.#waiting.add({ id, name, client, key, of, record, question });
    this.#send(pending);
    return pending.answer;
  }

  /** The answer comes when the first of its waiting clients has a turn. */
  #join(pending: PendingQuestion, client: string): void {
    if (!this.#waiting.join(pending, client)) return;
    if (pending.opening) this.#openings.join(pending.opening, client);
    else this.#worker?.post({ do: 'join', id: pending.id, client });
  }

  #send(pending: PendingQuestion): void {
    const { id, key, client, question, record } = pending;
    const asked = { id, client, buildId: record.buildId, question };
    this.#running.post({ do: 'ask', key, asked });
  }

  get #running(): WatchedWorker {
    return this.#worker ?? this.#start();
  }

  async #readAndOpen(opening: Opening): Promise<void> {
    const { id, key, client, record, of } = opening;
    const open: OpenedParts =
      of === 'sites'
        ? { of, parts: await this.#siteParts(record) }
        : { of, parts: await this.#variableParts(record) };
    // Questions that were refused meanwhile need no answer.
    const asked = opening.asked
      .filter((pending) => this.#waiting.byId(pending.id) === pending)
      .map((pending) => ({
        id: pending.id,
        client: pending.client,
        question: pending.question,
        buildId: record.buildId,
      }));
    this.#running.post({ do: 'open', id, client, key, open, asked });
  }

  async #variableParts(record: KernelRecord): Promise<VariableParts> {
    const { vars, ksyms, layout: alone } = record.parts;
    const { read } = this.#deps;
    const parts: VariableParts = { core: await read(record.core.sha256) };
    if (vars) parts.vars = await read(vars.sha256);
    if (ksyms) parts.ksyms = await read(ksyms.sha256);
    const layout = ksyms?.layout ?? alone;
    if (layout) parts.layout = await read(layout.sha256);
    return parts;
  }

  async #siteParts(record: KernelRecord): Promise<SiteParts> {
    const { core, parts, arch } = record;
    const { inlines } = parts;
    if (!inlines) throw missingPart(record, 'inlines');
    const { read } = this.#deps;
    return {
      core: await read(core.sha256),
      inlines: await read(inlines.sha256),
      map: inlines.map && (await read(inlines.map.sha256)),
      arch,
    };
  }

  #start(): WatchedWorker {
    const { maxBytes, answer, questionTime, memory } = this.#limits;
    const worker = new WatchedWorker(
      {
        maxBytes,
        answer,
        questionTime,
        memory: memory + maxBytes,
        script: this.#deps.script ?? SCRIPT,
      },
      {
        reply: (reply) => this.#hear(reply),
        end: (end) => {
          if (this.#worker === worker) this.#ended(end);
        },
      },
    );
    this.#worker = worker;
    return worker;
  }

  #hear(reply: Reply): void {
    const opening = this.#openings.sent(reply.id);
    if (opening) {
      this.#charge(opening.client, reply.took);
      if ('opened' in reply) {
        for (const late of this.#openings.opened(opening, reply.took)) this.#send(late);
      } else this.#openings.failed(opening, errorOf(reply));
      return;
    }
    const pending = this.#waiting.byId(reply.id);
    if (!pending) return;
    if ('closed' in reply) {
      this.#openings.wait(pending, () => this.#nextId());
      return;
    }
    this.#charge(pending.client, reply.took);
    if (!('made' in reply)) {
      const error = errorOf(reply);
      if (error instanceof DepotError && error.code === 'time-limit') {
        this.#guilty.set(pending.name, error);
      }
      pending.refuse(error);
      return;
    }
    const { bytes, ...made } = reply.made;
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    pending.resolve({ ...made, bytes: buffer });
  }

  /** The question at fault is refused; the others are asked again, of a new thread. */
  #ended({ why, running, error }: ThreadEnd): void {
    this.#worker = undefined;
    const guiltyOpening = this.#openings.sent(running);
    const guilty = this.#waiting.byId(running);
    const { questionTime } = this.#limits;
    const refusal = refusalOf(why, questionTime, error);
    if (guiltyOpening) {
      this.#guilty.set(guiltyOpening.key, refusal);
      this.#charge(guiltyOpening.client, questionTime);
      this.#openings.failed(guiltyOpening, refusal);
    }
    if (guilty) {
      this.#guilty.set(guilty.name, refusal);
      this.#charge(guilty.client, questionTime);
      guilty.refuse(refusal);
    }
    this.#openings.lost();
    for (const pending of this.#waiting.all()) {
      // It will be sent with the kernel that it waits for.
      if (pending.opening) continue;
      if (pending.isAskedAgain)
        pending.refuse(
          new DepotError('busy', 'the thread that computes answers restarted; retry', {
            cause: error,
          }),
        );
      else {
        pending.isAskedAgain = true;
        this.#send(pending);
        for (const other of pending.others) {
          this.#running.post({ do: 'join', id: pending.id, client: other });
        }
      }
    }
  }

  #charge(client: string, took: number): void {
    this.#deps.charge?.(client, took);
  }

  /** 31 bits, since the thread has a word for it; 0 is no id. */
  #nextId(): number {
    this.#lastId = (this.#lastId % 0x7fff_fffe) + 1;
    return this.#lastId;
  }
}

function refusalOf(why: ThreadEnd['why'], questionTime: number, cause: unknown): DepotError {
  const members = { retryAfter: GUILTY_FOR };
  if (why === 'memory') {
    const detail = 'the answer needs more memory than one answer may use; ask for less';
    return new DepotError('memory-limit', detail, { members, cause });
  }
  const detail =
    why === 'time'
      ? `the answer takes more than ${questionTime / 1000} s; ask for less`
      : 'the thread that computed the answer ended; retry later';
  return new DepotError('time-limit', detail, { members, cause });
}

function errorOf(reply: Reply): Error {
  if ('refused' in reply) {
    const { code, detail, members } = reply.refused;
    return code === 'time-limit'
      ? new DepotError(code, detail, { members: { retryAfter: GUILTY_FOR } })
      : new DepotError(code, detail, members && { members });
  }
  return new Error(`in the kernel thread: ${'failed' in reply ? reply.failed : 'no answer'}`);
}

function bigintAsText(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}` : value;
}

/** The key of a kernel's types, which change only with its revision. */
export function kernelKey({ buildId, revision }: KernelRecord): string {
  return `${buildId}.${revision}`;
}
