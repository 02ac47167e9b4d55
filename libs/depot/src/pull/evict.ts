import type { KernelRecord } from '@btf-depot/contracts';
import { SingleFlight } from '../concurrency/single-flight.ts';
import type { AskedNotes } from '../ports/asked-notes.ts';
import type { BlobStore } from '../ports/blob-store.ts';
import type { Clock } from '../ports/clock.ts';
import type { RecordStore } from '../ports/record-store.ts';
import { blobsOf, NamedBlobs, storedBytes, type NamedBlob } from '../record/blobs-in-records.ts';
import { RecordIndex } from '../record/record-index.ts';
import { updateRecord } from '../record/update-record.ts';
import { withdrawnRecord } from '../record/withdraw.ts';
import { deleteUnnamed } from '../upkeep/collect-garbage.ts';
import { isPulled } from './provisional.ts';

export interface EvictionDeps {
  blobs: BlobStore;
  records: RecordStore;
  asked: AskedNotes;
  clock: Clock;
}

export interface Evicted {
  buildId: string;
  /** In the store. */
  bytes: number;
  askedAt: Date;
}

interface Counted {
  buildId: string;
  bytes: number;
  since: number;
}

/**
 * Keeps the kernels that upstreams gave within a space: withdraws those least recently asked for,
 * and deletes their blobs. Asking for one has it fetched again. A kernel that anybody sent or
 * imported is never evicted, and neither is the one that was asked for last.
 *
 * Several processes may do so at the same time: each decides again within the record's
 * compare-and-swap, and counts what another one evicted.
 */
export class Eviction {
  readonly #deps: EvictionDeps;
  readonly #space: number;
  readonly #index: RecordIndex<Counted | undefined>;
  readonly #named: NamedBlobs;
  readonly #flight = new SingleFlight(() => this.#run());

  /** @param space bytes of all these kernels together. */
  constructor(deps: EvictionDeps, space: number) {
    this.#deps = deps;
    this.#space = space;
    this.#index = new RecordIndex(deps.records, { keep: countedOf });
    this.#named = new NamedBlobs(deps.records);
  }

  /** Callers at the same time share one run. @throws the errors of the stores. */
  run(): Promise<Evicted[]> {
    return this.#flight.run();
  }

  async #run(): Promise<Evicted[]> {
    // What cannot be read is not counted, and stays.
    await this.#index.refresh(() => undefined);
    const counted = [...this.#index].filter((one) => one !== undefined);
    let used = counted.reduce((sum, { bytes }) => sum + bytes, 0);
    const order = await this.#leastRecentFirst(counted);
    const evicted: Evicted[] = [];
    for (const kernel of order.slice(0, -1)) {
      if (used <= this.#space) break;
      const outcome = await this.#evict(kernel);
      if (outcome !== 'stays') used -= kernel.bytes;
      if (outcome === 'evicted') evicted.push(kernel);
    }
    return evicted;
  }

  async #leastRecentFirst(counted: readonly Counted[]): Promise<Evicted[]> {
    const { asked } = this.#deps;
    const times = new Map(counted.map(({ buildId, since }) => [buildId, since]));
    for await (const { buildId, at } of asked.list()) {
      const since = times.get(buildId);
      if (since !== undefined) times.set(buildId, Math.max(since, at.getTime()));
      // Evicted, or somebody sent it.
      else if (this.#index.get(buildId) === undefined) await asked.remove(buildId);
    }
    return counted
      .map(({ buildId, bytes, since }) => ({
        buildId,
        bytes,
        askedAt: new Date(times.get(buildId) ?? since),
      }))
      .sort((a, b) => a.askedAt.getTime() - b.askedAt.getTime());
  }

  /** `gone`: somebody else did it, or it counts no longer. */
  async #evict({ buildId, askedAt }: Evicted): Promise<'evicted' | 'gone' | 'stays'> {
    const { records, asked, clock } = this.#deps;
    let held: NamedBlob[] = [];
    const { record, written } = await updateRecord(records, buildId, (current) => {
      if (!current || !isEvictable(current) || current.state === 'compressing') return undefined;
      held = blobsOf(current);
      const reason =
        `it was fetched from an upstream, was last asked for at ${askedAt.toISOString()}, and made ` +
        `room for others (BTFDEPOT_PULLED_SPACE)`;
      return withdrawnRecord(current, { reason, at: clock.now().toISOString(), expired: true });
    });
    if (!written) return record && isEvictable(record) ? 'stays' : 'gone';
    await asked.remove(buildId);
    await this.#named.refresh();
    const unnamed = new Map(held.map((blob) => [blob.sha256, blob]));
    await deleteUnnamed(this.#deps.blobs, this.#named, [...unnamed.values()], []);
    return 'evicted';
  }
}

/** Whether upstreams alone gave it: what others sent of it they would miss. */
function isEvictable(record: KernelRecord): boolean {
  const isOfUpstreams = record.sources.every(({ by }) => by?.startsWith('upstream:') === true);
  return record.state !== 'withdrawn' && isPulled(record) && isOfUpstreams;
}

function countedOf(record: KernelRecord): Counted | undefined {
  if (!isEvictable(record)) return undefined;
  const { buildId, uploadedAt } = record;
  return { buildId, bytes: storedBytes(record), since: Date.parse(uploadedAt) };
}
