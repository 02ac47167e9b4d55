import {
  DepotError,
  RecordConflict,
  type BlobStore,
  type JobQueue,
  type RecordStore,
} from '@btf-depot/depot';
import type { ReadinessChecks } from '../readiness.ts';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Seconds: from an answer in memory to a kernel that takes minutes. */
const BUCKETS = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60, 300];

/** A service's metrics for Prometheus. All names begin with `btfdepot_`. */
export class Metrics {
  readonly registry = new Registry();
  readonly #stages = this.#histogram('stage_seconds', 'Time of a stage of the work', ['stage']);
  readonly #store = this.#histogram('store_seconds', 'Time of the store', ['operation']);
  readonly #refusals = this.#counter('refusals_total', 'Problem answers, by code', ['code']);
  readonly #pushes = this.#counter('pushes_total', 'Kernels of uploads, by what came of them', [
    'outcome',
  ]);
  readonly #bytes = this.#counter('upload_bytes_total', 'Bytes of the files of uploads', []);
  readonly #records = this.#gauge('records', 'Kernels by state, as of the last sweep', ['state']);
  readonly #unreadable = this.#gauge(
    'unreadable_records',
    'Records that are malformed, newer, or not given by the store, as of the last sweep',
    [],
  );
  readonly #oldest = this.#gauge(
    'oldest_compressing_seconds',
    'Since the upload of the kernel that waits longest to be ready, as of the last sweep; 0: none',
    [],
  );
  readonly #outcomes = this.#counter('job_outcomes_total', 'Attempts of jobs, by how they ended', [
    'outcome',
  ]);
  readonly #stalls = this.#counter('job_stalls_total', 'Jobs whose compressor fell silent', []);
  readonly #requests = this.#counter('store_requests_total', 'Requests of the store', [
    'operation',
    'outcome',
  ]);
  readonly #pulls = this.#counter('pulls_total', 'Kernels asked of upstreams, by what came of it', [
    'upstream',
    'outcome',
  ]);
  readonly #pulledBytes = this.#counter('pulled_bytes_total', 'Bytes from upstreams', []);

  readonly #sent = this.#counter(
    'sent_total',
    'Artifacts, sections, blobs and computed answers, by where they were',
    ['from'],
  );
  readonly #sentBytes = this.#counter(
    'sent_bytes_total',
    'Bytes of these, parts counted as parts',
    ['from'],
  );
  readonly #answers = this.#histogram('answer_seconds', 'Until an answer was handed over', [
    'method',
    'status',
  ]);

  constructor() {
    // From 0: of a series that begins with 1, Prometheus sees no increase.
    for (const outcome of ['published', 'stale', 'retry', 'failed']) {
      this.#outcomes.inc({ outcome }, 0);
    }
  }

  /** Of Node itself: memory, processor, event loop. */
  watchProcess(): void {
    collectDefaultMetrics({ register: this.registry, prefix: 'btfdepot_' });
  }

  /** Reads the queue at each scrape; if it does not answer, the last figures stay. */
  watchQueue(queue: JobQueue): void {
    const jobs = this.#gauge('jobs', 'Jobs in the queue', ['state'], async () => {
      const counts = await queue.counts().catch(() => undefined);
      for (const [state, count] of Object.entries(counts ?? {})) jobs.set({ state }, count);
    });
    const wait = this.#gauge('job_wait_seconds', 'Of the job that waits longest', [], async () => {
      const milliseconds = await queue.longestWait().catch(() => undefined);
      if (milliseconds !== undefined) wait.set(milliseconds / 1000);
    });
  }

  /** Runs the checks at each scrape. */
  watchReadiness(readiness: ReadinessChecks): void {
    const help = '1: the check holds; 0: it does not';
    const check = this.#gauge('check_ok', help, ['check', 'kind'], async () => {
      for (const [name, kind, holds] of await readiness.each()) {
        check.set({ check: name, kind }, holds ? 1 : 0);
      }
    });
  }

  /** Runs a stage of the work and measures its time, whatever the outcome. */
  async stage<T>(stage: string, run: () => Promise<T>): Promise<T> {
    const end = this.#stages.startTimer({ stage });
    try {
      return await run();
    } finally {
      end();
    }
  }

  refused(code: string): void {
    this.#refusals.inc({ code });
  }

  /** @param outcome of a kernel of an upload: `created`, `known`, or `refused`. */
  pushed(outcome: 'created' | 'known' | 'refused'): void {
    this.#pushes.inc({ outcome });
  }

  received(bytes: number): void {
    this.#bytes.inc(bytes);
  }

  /** @param from `memory`, or `store` for bytes on their way from there. */
  sent(from: 'memory' | 'store', bytes: number): void {
    this.#sent.inc({ from });
    this.#sentBytes.inc({ from }, bytes);
  }

  /** A request not answered from memory alone, with its time in milliseconds. */
  answered(method: string, status: number, ms: number): void {
    this.#answers.observe({ method, status: `${Math.floor(status / 100)}xx` }, ms / 1000);
  }

  /** @param outcome `published`, `stale`, `failed`, or `retry` if it is tried again. */
  jobEnded(outcome: string): void {
    this.#outcomes.inc({ outcome });
  }

  jobStalled(): void {
    this.#stalls.inc();
  }

  /**
   * @param kernels all readable ones.
   * @param unread the number of unreadable ones.
   */
  swept(kernels: Iterable<{ state: string; uploadedAt: string }>, unread: number): void {
    const counts = new Map<string, number>();
    let oldest = Infinity;
    for (const { state, uploadedAt } of kernels) {
      counts.set(state, (counts.get(state) ?? 0) + 1);
      if (state === 'compressing') oldest = Math.min(oldest, Date.parse(uploadedAt));
    }
    this.#records.reset();
    for (const [state, count] of counts) this.#records.set({ state }, count);
    this.#unreadable.set(unread);
    this.#oldest.set(oldest === Infinity ? 0 : Math.max(0, (Date.now() - oldest) / 1000));
  }

  /** @param outcome `pulled`, or why not: see MISS_REASONS. */
  pulled(upstream: string, outcome: string): void {
    this.#pulls.inc({ upstream, outcome });
  }

  /** Bytes that came from upstreams, those included that came twice. */
  downloaded(bytes: number): void {
    this.#pulledBytes.inc(bytes);
  }

  /** Asks at each scrape how much of the disk of staged uploads is free, and promised to some. */
  watchDisk(look: () => Promise<{ free: number; promised: number }>): void {
    const help = 'Disk of staged uploads: free, and promised to those under way';
    const bytes = this.#gauge('staging_bytes', help, ['kind'], async () => {
      const found = await look().catch(() => undefined);
      for (const [kind, count] of Object.entries(found ?? {})) bytes.set({ kind }, count);
    });
  }

  /** The same stores, with the time of each request measured, except listings. */
  timed<Stores extends { blobs: BlobStore; records: RecordStore }>(stores: Stores): Stores {
    const time = <T>(operation: string, run: () => Promise<T>): Promise<T> => {
      const end = this.#store.startTimer({ operation });
      this.#requests.inc({ operation, outcome: 'error' }, 0);
      const count = (outcome: 'ok' | 'error') => {
        end();
        this.#requests.inc({ operation, outcome });
      };
      return run().then(
        (value) => {
          count('ok');
          return value;
        },
        (error: unknown) => {
          // An expected refusal is no fault of the store.
          count(error instanceof RecordConflict || error instanceof DepotError ? 'ok' : 'error');
          throw error;
        },
      );
    };
    const { blobs, records } = stores;
    return {
      ...stores,
      blobs: {
        put: (sha256, bytes) => time('put blob', () => blobs.put(sha256, bytes)),
        replace: (sha256, bytes) => time('replace blob', () => blobs.replace(sha256, bytes)),
        get: (sha256) => time('get blob', () => blobs.get(sha256)),
        stream: (sha256, range) => time('open blob', () => blobs.stream(sha256, range)),
        load: (sha256, allocate) => time('load blob', () => blobs.load(sha256, allocate)),
        has: (sha256) => time('has blob', () => blobs.has(sha256)),
        delete: (sha256) => time('delete blob', () => blobs.delete(sha256)),
        list: () => blobs.list(),
        check: () => time('check', () => blobs.check()),
        damage: blobs.damage,
      } satisfies BlobStore,
      records: {
        get: (buildId) => time('get record', () => records.get(buildId)),
        put: (record, expected) => time('put record', () => records.put(record, expected)),
        list: () => records.list(),
        aside: records.aside,
      } satisfies RecordStore,
    };
  }

  #histogram<Label extends string>(name: string, help: string, labelNames: Label[]) {
    const registers = [this.registry];
    return new Histogram({
      name: `btfdepot_${name}`,
      help,
      labelNames,
      buckets: BUCKETS,
      registers,
    });
  }

  #counter<Label extends string>(name: string, help: string, labelNames: Label[]) {
    const registers = [this.registry];
    return new Counter({ name: `btfdepot_${name}`, help, labelNames, registers });
  }

  #gauge(name: string, help: string, labelNames: string[], collect?: () => Promise<void>) {
    const asked = collect ? { collect } : {};
    return new Gauge({
      name: `btfdepot_${name}`,
      help,
      labelNames,
      registers: [this.registry],
      ...asked,
    });
  }
}
