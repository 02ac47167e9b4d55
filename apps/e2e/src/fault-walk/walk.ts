import { setTimeout as sleep } from 'node:timers/promises';
import { earlierVersion, lacksEarlierVersion } from '@btf-depot/testing/earlier-version';
import { TemporaryFolder } from '@btf-depot/testing/temporary-folder';
import { KERNEL_DAMAGES } from './damage-kernel.ts';
import { startDepot, type Depot } from './depot.ts';
import { FAULTS } from './faults.ts';
import { Healing } from './healing.ts';
import { Ledger, type Kernel } from './ledger.ts';
import { randomOf, type Random } from './random.ts';
import { Readers } from './readers.ts';
import { settle, type Settled } from './settle.ts';

/** The last version that does not hash what it reads. */
const EARLIER = '547dc59';

/** The part of the walk with an earlier compressor; nothing is damaged then. */
const WITH_EARLIER = 0.2;

/** Seconds. */
const PATIENCE = 180;

/** Milliseconds between two runs of fsck. */
const REPAIR_PERIOD = 120_000;

export interface WalkOptions {
  minutes: number;
  seed: number;
  /** Seconds until a kernel that is not whole counts as lost, and a fault as not recovered from. */
  patience?: number | undefined;
  /** A folder for the processes' output. */
  logs?: string | undefined;
  /** Called for each step. */
  onStep?: (line: string) => void;
}

/** Seconds from the end of a fault, or from the damage. */
interface Recovery {
  times: number;
  median: number;
  longest: number;
}

export interface Walked extends Settled {
  seed: number;
  minutes: number;
  uploads: number;
  acknowledged: number;
  refused: number;
  /** Acknowledged kernels, without those that were sent twice. */
  kernels: number;
  /** How many of these had a blob or record changed in the store. */
  damaged: number;
  reads: Readers['figures'];
  wrong: string[];
  healed: Healing['figures'];
  /** Kinds of fault and damage, how often each, and the time until all was well. */
  faults: Record<string, Partial<Recovery> & { done: number }>;
  /** Faults after which no new kernel became ready. */
  unrecovered: string[];
}

/** @returns whether it is as it would be without any fault. */
export function isWell({ lost, wrong, unrecovered, findings, orphans }: Walked): boolean {
  return lost.length + wrong.length + unrecovered.length + findings.length + orphans === 0;
}

/**
 * Walks at random through faults, with real servers and two processes of each service. It reads all
 * the while, and checks at the end that every acknowledged kernel is there. Throws Absent.
 */
export async function walk(options: WalkOptions): Promise<Walked> {
  const depot = await startDepot();
  try {
    return await new Walk(depot, options).run();
  } finally {
    await depot.stop(options.logs);
  }
}

class Walk {
  readonly #depot: Depot;
  readonly #options: WalkOptions;
  readonly #limitMs: number;
  readonly #random: Random;
  readonly #ledger: Ledger;
  readonly #readers: Readers;
  readonly #healing: Healing;
  readonly #started = performance.now();
  readonly #done = new Map<string, { done: number; seconds: number[] }>();
  readonly #unrecovered: string[] = [];
  /** Work that runs beside the steps. */
  readonly #beside = new Set<Promise<unknown>>();
  readonly #damaged = new Set<string>();
  #damages = 0;
  #count = 0;

  constructor(depot: Depot, options: WalkOptions) {
    this.#depot = depot;
    this.#options = options;
    this.#limitMs = (options.patience ?? PATIENCE) * 1000;
    this.#random = randomOf(options.seed);
    // Each has its own numbers: the times of its requests do not change the numbers of others.
    this.#ledger = new Ledger(depot, randomOf(options.seed + 1));
    this.#readers = new Readers(depot, this.#ledger, randomOf(options.seed + 2));
    this.#healing = new Healing(depot, this.#ledger, this.#readers);
  }

  async run(): Promise<Walked> {
    const reading = [this.#readers.run(), this.#readers.run()];
    const repairing = this.#repairNowAndThen();
    {
      using folder = new TemporaryFolder();
      const isThere = !lacksEarlierVersion(EARLIER);
      if (isThere) earlierVersion(EARLIER, folder.path);
      while (this.#passed < 1) await this.#step(isThere ? folder.path : undefined);
    }
    this.#tell('the faults are over');
    await Promise.all(this.#beside);
    await repairing;
    this.#depot.proxy.refuse(0);
    await this.#depot.settled();
    const settled = await settle(this.#depot, this.#ledger, this.#healing, this.#limitMs);
    this.#readers.stop();
    await Promise.all(reading);
    return {
      seed: this.#options.seed,
      minutes: Number(((performance.now() - this.#started) / 60_000).toFixed(1)),
      ...this.#ledger.figures,
      kernels: this.#ledger.acknowledged.size,
      damaged: this.#damages,
      reads: this.#readers.figures,
      wrong: this.#readers.wrong,
      healed: this.#healing.figures,
      ...settled,
      unrecovered: this.#unrecovered,
      faults: Object.fromEntries(
        [...this.#done].map(([name, { done, seconds }]) => [name, { done, ...recovery(seconds) }]),
      ),
    };
  }

  /** From 0 to 1. */
  get #passed(): number {
    return (performance.now() - this.#started) / (this.#options.minutes * 60_000);
  }

  async #step(earlier: string | undefined): Promise<void> {
    const random = this.#random;
    const count = this.#count++;
    // Sometimes one that was sent before.
    const name = `walk_${this.#options.seed}_${random() < 0.1 ? Math.floor(count * random()) : count}`;
    this.#while(this.#ledger.upload(name));
    const isEarly = this.#passed < WITH_EARLIER;
    if (isEarly && earlier !== undefined && random() < 0.15) await this.#earlier(earlier);
    else if (!isEarly && random() < 0.3) await this.#damage(random.of(Object.keys(KERNEL_DAMAGES)));
    else await this.#fault(random.of(Object.keys(FAULTS)));
    await sleep(500 * random());
    if (this.#beside.size > 12) await Promise.race(this.#beside);
  }

  async #fault(name: string): Promise<void> {
    const of = this.#of(name);
    await FAULTS[name]?.(this.#depot, this.#random);
    // Not after each: faults also come before the depot has recovered from the last one.
    if (this.#random() < 0.4) await this.#recovers(name, of.seconds);
  }

  /** A new kernel takes the whole way. */
  async #recovers(name: string, seconds: number[]): Promise<void> {
    const since = performance.now();
    const probe = `probe_${this.#options.seed}_${this.#count}`;
    let kernel: Kernel | undefined;
    while (performance.now() - since < this.#limitMs) {
      kernel ??= await this.#ledger.upload(probe);
      if (kernel && (await this.#readers.isWhole(kernel))) {
        seconds.push((performance.now() - since) / 1000);
        return;
      }
      await sleep(100);
    }
    this.#tell(`no new kernel is ready after: ${name}`);
    this.#unrecovered.push(name);
  }

  async #damage(name: string): Promise<void> {
    const of = this.#of(name);
    const kernels = [...this.#ledger.acknowledged.values()];
    const intact = kernels.filter(({ buildId }) => !this.#damaged.has(buildId));
    if (intact.length < 2) return;
    const kernel = this.#random.of(intact);
    const record = await this.#readers.record(kernel.buildId);
    if (record?.state !== 'ready') return;
    const artifacts = Object.entries(record.artifacts);
    const isPart = ([artifact]: [string, unknown]) => artifact.endsWith('.btf');
    const hashes = (some: typeof artifacts) => some.map(([, { sha256 }]) => sha256);
    const stored = {
      buildId: kernel.buildId,
      parts: hashes(artifacts.filter(isPart)),
      artifacts: hashes(artifacts.filter((one) => !isPart(one))),
      other: this.#random.of(intact).core,
    };
    this.#damaged.add(kernel.buildId);
    try {
      await KERNEL_DAMAGES[name]?.(this.#depot.bucket, stored, this.#random);
    } catch {
      // The store was away, or the other blob is missing.
      return;
    }
    this.#damages++;
    // Others are found by fsck, or by chance reads.
    if (this.#random() < 0.6) this.#while(this.#heals(kernel, of.seconds));
  }

  async #heals(kernel: Kernel, seconds: number[]): Promise<void> {
    const took = await this.#healing.heal(kernel, this.#limitMs);
    // Served unchanged from a fetch's memory: it is found later.
    if (took === undefined || took === 0) return;
    seconds.push(took);
    this.#damaged.delete(kernel.buildId);
  }

  /** It knows neither this version's writes nor its reads, and may be killed at work. */
  async #earlier(version: string): Promise<void> {
    this.#of('an earlier compressor beside');
    const process = await this.#depot.startOf('compressor', version).catch(() => undefined);
    await sleep(4000 * this.#random());
    await process?.stop(this.#random() < 0.5 ? 'SIGKILL' : 'SIGTERM');
  }

  async #repairNowAndThen(): Promise<void> {
    let next = REPAIR_PERIOD;
    while (this.#passed < 1) {
      await sleep(500);
      if (performance.now() - this.#started < next) continue;
      next += REPAIR_PERIOD;
      await this.#healing.repair('--blobs-only');
    }
  }

  #of(name: string) {
    this.#tell(name);
    const of = this.#done.get(name) ?? { done: 0, seconds: [] };
    of.done++;
    this.#done.set(name, of);
    return of;
  }

  #while(what: Promise<unknown>): void {
    const ended = what.finally(() => this.#beside.delete(ended));
    this.#beside.add(ended);
  }

  #tell(line: string): void {
    const seconds = Math.round((performance.now() - this.#started) / 1000);
    this.#options.onStep?.(`${seconds} s: ${line}`);
  }
}

function recovery(seconds: number[]): Recovery | undefined {
  const sorted = seconds.toSorted((a, b) => a - b);
  const round = (value = 0) => Number(value.toFixed(1));
  if (sorted.length === 0) return undefined;
  return {
    times: sorted.length,
    median: round(sorted[sorted.length >> 1]),
    longest: round(sorted.at(-1)),
  };
}
