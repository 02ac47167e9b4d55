import { forEachAtMost } from '../../concurrency/for-each-at-most.ts';
import type { BlobStore } from '../../ports/blob-store.ts';
import type { RecordStore } from '../../ports/record-store.ts';
import { hashesIn } from '../../record/blobs-in-records.ts';
import { updateRecord } from '../../record/update-record.ts';
import { soundBytes } from '../../verified/sound-bytes.ts';
import { bringBack } from './bring-back.ts';
import { settleLoss, type Settled } from './settle-loss.ts';

/** Blobs, and records, that are read at one time. */
const READERS = 4;
const RECORD_READERS = 16;

/** Notes handled in one round. */
const AT_MOST = 1000;

/** Milliseconds until all records are read again for a blob that is still damaged. */
const LOOKED = 10 * 60 * 1000;

export interface Healed {
  /** Blobs whose note was deleted, since their hash is right. */
  sound: string[];
  /** Kernels whose record was changed. */
  settled: { buildId: string; outcome: Settled; sha256: string }[];
  /** Damaged or lost blobs that no record names. */
  unnamed: string[];
  /** Kernels that had failed for blobs that are sound by now, and are packed again. */
  back: string[];
}

/**
 * Handles the notes of damage: checks each blob, has artifacts made again from parts, and marks
 * kernels that lost a part as failed, so that their senders push them again. A note stays until its
 * blob is sound or unnamed.
 */
export class Healer {
  readonly #blobs: BlobStore;
  readonly #records: RecordStore;
  readonly #takesUnreadable: boolean;
  /** When the records of a blob were last searched, on a monotonic clock. */
  readonly #looked = new Map<string, number>();

  /**
   * @param options.takesUnreadable a noted blob that the store cannot read, as of a bad sector, counts
   *   as lost. Without it, it waits: the store may be away.
   */
  constructor(
    { blobs, records }: { blobs: BlobStore; records: RecordStore },
    { takesUnreadable = false } = {},
  ) {
    this.#blobs = blobs;
    this.#records = records;
    this.#takesUnreadable = takesUnreadable;
  }

  /** @param failed kernels that may have failed for blobs: see failedForBlob. */
  async heal(failed: Iterable<string> = []): Promise<Healed> {
    const healed: Healed = { sound: [], settled: [], unnamed: [], back: [] };
    const lost = await this.#lookAtNoted(healed);
    await this.#settleDue(lost, healed);
    const stores = { blobs: this.#blobs, records: this.#records };
    healed.back = await bringBack(stores, failed, new Set(lost));
    return healed;
  }

  async #settleDue(lost: readonly string[], healed: Healed): Promise<void> {
    const since = performance.now() - LOOKED;
    const due = new Set(lost.filter((sha256) => (this.#looked.get(sha256) ?? -Infinity) < since));
    if (due.size === 0) return;
    const named = await this.#settleAll(due, healed);
    for (const sha256 of due) {
      if (named.has(sha256)) {
        this.#looked.set(sha256, performance.now());
        continue;
      }
      await this.#forget(sha256);
      healed.unnamed.push(sha256);
    }
  }

  /** @returns the blobs that are really damaged or lost. */
  async #lookAtNoted(healed: Healed): Promise<string[]> {
    const noted: string[] = [];
    for await (const sha256 of this.#blobs.damage.list()) {
      if (noted.push(sha256) === AT_MOST) break;
    }
    const lost: string[] = [];
    await forEachAtMost(READERS, noted, async (sha256) => {
      const found = await soundBytes(this.#blobs, sha256).catch(() => 'unreadable' as const);
      if (found === 'unreadable' && !this.#takesUnreadable) return;
      if (found === undefined || typeof found === 'string') {
        lost.push(sha256);
        return;
      }
      await this.#forget(sha256);
      healed.sound.push(sha256);
    });
    return lost;
  }

  async #forget(sha256: string): Promise<void> {
    await this.#blobs.damage.remove(sha256);
    this.#looked.delete(sha256);
  }

  /** @returns the blobs that a record names, or may name. */
  async #settleAll(lost: ReadonlySet<string>, healed: Healed): Promise<Set<string>> {
    const named = new Set<string>();
    const buildIds: string[] = [];
    for await (const { buildId } of this.#records.list()) buildIds.push(buildId);
    await forEachAtMost(RECORD_READERS, buildIds, async (buildId) => {
      let hashes: readonly string[];
      try {
        const stored = await this.#records.get(buildId);
        hashes = stored ? hashesIn(stored.record) : [];
      } catch {
        // An unreadable record may name all of them.
        hashes = [...lost];
        for (const sha256 of hashes) named.add(sha256);
        return;
      }
      const its = new Set(hashes.filter((sha256) => lost.has(sha256)));
      for (const sha256 of its) named.add(sha256);
      if (its.size > 0) await this.#settle(buildId, its, healed);
    });
    return named;
  }

  async #settle(buildId: string, lost: ReadonlySet<string>, healed: Healed): Promise<void> {
    let outcome: Settled | undefined;
    const { written } = await updateRecord(this.#records, buildId, (current) => {
      const settled = current && settleLoss(current, lost);
      outcome = settled?.outcome;
      return settled?.record;
    });
    const [sha256 = ''] = lost;
    if (written && outcome) healed.settled.push({ buildId, outcome, sha256 });
  }
}
