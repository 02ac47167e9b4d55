import { Worker } from 'node:worker_threads';
import type { KernelRecord } from '@btf-depot/contracts';
import { DepotError, type SiteParts, type VariableParts } from '@btf-depot/depot';
import type { OpenedParts, Question, Reply, Request } from './messages.ts';

/** Questions under way at one time; what comes on top is told to come back. */
const MAX_PENDING = 4096;

/** Kernels whose parts are in memory beside the open ones: while one is opened, the next is read. */
const OPENINGS = 2;

/** Kernels that wait to be opened, each for some tens of milliseconds; more are told to come back. */
const MAX_WAITING = 64;

/** How often a kernel is opened for one question, where others push it out again. */
const MAX_OPENINGS = 3;

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;

/**
 * Kernels that are open for questions about their types, on a thread of their own: opening one
 * takes as long as hundreds of answers, and nobody else waits for it. One thread, so that each
 * kernel is in memory once; a pool that hands tasks to any thread would open it in each, and waits
 * for one answer before it sends the next question. That is also why this is no piscina.
 */
export class KernelThread {
  readonly #maxBytes: number;
  readonly #read: (sha256: string) => Promise<Uint8Array>;
  readonly #pending = new Map<
    number,
    { resolve: (reply: Reply) => void; reject: (error: unknown) => void }
  >();
  readonly #opening = new Map<string, Promise<void>>();
  /** Openings that may begin at once. */
  #free = OPENINGS;
  readonly #waiting: (() => void)[] = [];
  #worker: Worker | undefined;
  #lastId = 0;

  /**
   * @param maxBytes of kernels that are kept open.
   * @param read gets a blob that is to be opened.
   */
  constructor(maxBytes: number, read: (sha256: string) => Promise<Uint8Array>) {
    this.#maxBytes = maxBytes;
    this.#read = read;
    // Now, for the sake of whoever asks first: loading it takes longer than opening a kernel.
    this.#start();
  }

  /** @throws DepotError as the use cases do, and `busy`. */
  async ask(record: KernelRecord, question: Question): Promise<Uint8Array> {
    const { buildId } = record;
    const of = question.do === 'sites' ? 'sites' : 'vars';
    const key = `${kernelKey(record)} ${of}`;
    for (let opened = 0; opened < MAX_OPENINGS; opened++) {
      const reply = await this.#send({ key, buildId, question });
      if ('bytes' in reply) return reply.bytes;
      await this.#open(key, record, of);
    }
    throw tooMany();
  }

  /** Many who ask for one that is not open wait for one opening. */
  #open(key: string, record: KernelRecord, of: OpenedParts['of']): Promise<void> {
    let opening = this.#opening.get(key);
    if (!opening) {
      if (this.#waiting.length >= MAX_WAITING) throw tooMany();
      opening = this.#readAndOpen(key, record, of).finally(() => this.#opening.delete(key));
      this.#opening.set(key, opening);
    }
    return opening;
  }

  async #readAndOpen(key: string, record: KernelRecord, of: OpenedParts['of']): Promise<void> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      const open: OpenedParts =
        of === 'sites'
          ? { of, parts: await this.#siteParts(record) }
          : { of, parts: await this.#variableParts(record) };
      await this.#send({ key, open });
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }

  async #variableParts({ core, extras, ksyms }: KernelRecord): Promise<VariableParts> {
    const parts: VariableParts = { core: await this.#read(core.sha256) };
    if (extras.vars) parts.vars = await this.#read(extras.vars.sha256);
    if (ksyms) parts.ksyms = await this.#read(ksyms.sha256);
    if (ksyms?.layout) parts.layout = await this.#read(ksyms.layout.sha256);
    return parts;
  }

  async #siteParts({ buildId, core, inlines, arch }: KernelRecord): Promise<SiteParts> {
    if (!inlines) throw new DepotError('no-inlines', `${buildId} came without inlined calls`);
    return {
      core: await this.#read(core.sha256),
      inlines: await this.#read(inlines.sha256),
      ...(inlines.map && { map: await this.#read(inlines.map.sha256) }),
      ...(arch !== undefined && { arch }),
    };
  }

  async #send(request: WithoutId<Request>): Promise<Reply> {
    if (this.#pending.size >= MAX_PENDING) {
      throw new DepotError('busy', 'too many questions at one time');
    }
    const id = ++this.#lastId;
    const worker = this.#worker ?? this.#start();
    const reply = await new Promise<Reply>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      worker.postMessage({ ...request, id });
    });
    if ('refused' in reply) {
      const { code, detail, members } = reply.refused;
      throw new DepotError(code, detail, { ...(members && { members }) });
    }
    if ('failed' in reply) throw new Error(`in the kernel thread: ${reply.failed}`);
    return reply;
  }

  #start(): Worker {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), {
      workerData: { maxBytes: this.#maxBytes },
    });
    this.#worker = worker;
    // It ends with the process.
    worker.unref();
    worker.on('message', (reply: Reply) => {
      const waiting = this.#pending.get(reply.id);
      this.#pending.delete(reply.id);
      waiting?.resolve(reply);
    });
    worker.on('error', (error) => this.#ended(worker, error));
    worker.on('exit', (code) => this.#ended(worker, new Error(`the kernel thread ended: ${code}`)));
    return worker;
  }

  /** Who waits is told; who asks next gets a new thread. */
  #ended(worker: Worker, error: unknown): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}

function tooMany(): DepotError {
  return new DepotError('busy', 'too many kernels are asked for at one time');
}

/** What the types of a kernel depend on: they change with its revision only. */
export function kernelKey({ buildId, revision }: KernelRecord): string {
  return `${buildId}.${revision}`;
}
