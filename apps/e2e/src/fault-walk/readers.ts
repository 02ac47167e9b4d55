import { setTimeout as sleep } from 'node:timers/promises';
import { sha256Of } from '@btf-depot/testing';
import type { Depot } from './depot.ts';
import type { Kernel, Ledger } from './ledger.ts';
import type { Random } from './random.ts';

/** Most milliseconds between two reads of a reader. */
const PAUSE = 100;

/** Blobs kept for comparisons with ranges. */
const KEPT = 200;

interface RecordSeen {
  state: string;
  core: { sha256: string };
  artifacts: Record<string, { sha256: string }>;
}

/** Constantly reads acknowledged kernels, and compares each complete answer with its name. */
export class Readers {
  readonly figures = { reads: 0, complete: 0, refused: 0, cut: 0, wrong: 0 };
  /** Faults that were seen. */
  readonly wrong: string[] = [];
  readonly #depot: Depot;
  readonly #ledger: Ledger;
  readonly #random: Random;
  readonly #bytes = new Map<string, Uint8Array>();
  #isReading = true;

  constructor(depot: Depot, ledger: Ledger, random: Random) {
    this.#depot = depot;
    this.#ledger = ledger;
    this.#random = random;
  }

  /** Resolves after `stop`. */
  async run(): Promise<void> {
    while (this.#isReading) {
      await sleep(PAUSE * this.#random());
      const kernels = [...this.#ledger.acknowledged.values()];
      // Later kernels are requested more often: these reads meet kernels that are being made.
      const from = this.#random() < 0.5 ? Math.max(0, kernels.length - 20) : 0;
      if (kernels.length > 0) await this.#readSome(this.#random.of(kernels.slice(from)));
    }
  }

  stop(): void {
    this.#isReading = false;
  }

  /**
   * Reads all of a kernel.
   * @returns whether it is ready, with the core that was sent, and every blob is right.
   */
  async isWhole({ buildId, core }: Kernel): Promise<boolean> {
    const record = await this.record(buildId);
    if (record?.state !== 'ready' || record.core.sha256 !== core) return false;
    let isWhole = true;
    // All of them, so that every damaged one is noted.
    for (const sha256 of blobsOf(record)) {
      if (!(await this.#blob(sha256))) isWhole = false;
    }
    return isWhole;
  }

  /** Undefined: no answer came. */
  async record(buildId: string): Promise<RecordSeen | undefined> {
    const bytes = await this.#get(`/v1/kernels/${buildId}`);
    return bytes && (JSON.parse(new TextDecoder().decode(bytes)) as RecordSeen);
  }

  async #readSome({ buildId, core }: Kernel): Promise<void> {
    const record = await this.record(buildId);
    if (!record) return;
    if (record.core.sha256 !== core) this.#isWrong(`${buildId}: another core`);
    const way = this.#random();
    if (way < 0.3) {
      const section = await this.#get(`/buildid/${buildId}/section/.BTF`);
      if (section && sha256Of(section) !== core) this.#isWrong(`${buildId}: section .BTF`);
      return;
    }
    const sha256 = this.#random.of(blobsOf(record));
    const known = this.#bytes.get(sha256);
    if (known && way < 0.6) await this.#range(sha256, known);
    else await this.#blob(sha256);
  }

  async #blob(sha256: string): Promise<boolean> {
    const bytes = await this.#get(`/v1/blobs/sha256/${sha256}`);
    if (!bytes) return false;
    if (sha256Of(bytes) !== sha256) {
      this.#isWrong(`blob ${sha256}`);
      return false;
    }
    this.#bytes.set(sha256, bytes);
    const [oldest] = this.#bytes.keys();
    if (this.#bytes.size > KEPT && oldest !== undefined) this.#bytes.delete(oldest);
    return true;
  }

  async #range(sha256: string, known: Uint8Array): Promise<void> {
    const from = Math.floor(known.length * this.#random());
    const to = Math.min(known.length, from + 1 + Math.floor(4096 * this.#random()));
    const range = { Range: `bytes=${from}-${to - 1}` };
    const bytes = await this.#get(`/v1/blobs/sha256/${sha256}`, range);
    if (bytes && Buffer.compare(bytes, known.subarray(from, to)) !== 0) {
      this.#isWrong(`blob ${sha256}, bytes ${from}-${to - 1}`);
    }
  }

  /** @returns the body of a complete answer. */
  async #get(path: string, headers: Record<string, string> = {}): Promise<Uint8Array | undefined> {
    this.figures.reads++;
    const url = this.#random.of(this.#depot.seatsOf('fetch')).url() + path;
    try {
      const answer = await fetch(url, { headers, signal: AbortSignal.timeout(30_000) });
      const bytes = new Uint8Array(await answer.arrayBuffer());
      this.figures[answer.ok ? 'complete' : 'refused']++;
      return answer.ok ? bytes : undefined;
    } catch {
      this.figures.cut++;
      return undefined;
    }
  }

  #isWrong(what: string): void {
    this.figures.wrong++;
    this.wrong.push(what);
  }
}

function blobsOf({ core, artifacts }: RecordSeen): string[] {
  return [core.sha256, ...Object.values(artifacts).map(({ sha256 }) => sha256)];
}
