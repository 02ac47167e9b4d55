import type { KernelRecord } from '@btf-depot/contracts';
import type { Clock } from '../ports/clock.ts';
import type { RecordStore } from '../ports/record-store.ts';
import type { RecordIndex } from '../record/record-index.ts';
import type { Swept } from './sweep.ts';
import { updateRecord } from '../record/update-record.ts';
import { withdrawnRecord } from '../record/withdraw.ts';

/**
 * Milliseconds after a kernel's expiry before it is withdrawn: a clock that jumped is corrected by
 * then.
 */
const EXPIRY_GRACE = 3600 * 1000;

/**
 * Expiry of a kernel that is sent again: the latest one wins.
 * @param current of the existing record.
 * @param wanted of the upload; undefined in either: never.
 */
export function longerKept(
  current: string | undefined,
  wanted: string | undefined,
): string | undefined {
  if (current === undefined || wanted === undefined) return undefined;
  return Date.parse(wanted) > Date.parse(current) ? wanted : current;
}

/** The record with that expiry; `undefined` removes it. */
export function withKeptUntil(record: KernelRecord, keptUntil: string | undefined): KernelRecord {
  const next: KernelRecord = { ...record };
  delete next.keptUntil;
  return keptUntil === undefined ? next : { ...next, keptUntil };
}

/** Withdraws expired kernels. They are answered 410, and any upload restores them. */
export class Expiry {
  readonly #records: RecordStore;
  readonly #clock: Clock;
  readonly #grace: number;
  /** Build ID → when its expiry was first noticed, on a monotonic clock. */
  #over = new Map<string, number>();

  /** @param grace milliseconds; see EXPIRY_GRACE. */
  constructor(records: RecordStore, clock: Clock, grace = EXPIRY_GRACE) {
    this.#records = records;
    this.#clock = clock;
    this.#grace = grace;
  }

  /**
   * @param index refreshed a moment ago.
   * @returns the build IDs of withdrawn kernels.
   */
  async sweep(index: RecordIndex<Swept>): Promise<string[]> {
    const seen = performance.now();
    const over = new Map<string, number>();
    for (const { buildId, state, keptUntil } of index) {
      if (keptUntil === undefined || state === 'withdrawn' || !this.#isOver(keptUntil)) continue;
      over.set(buildId, this.#over.get(buildId) ?? seen);
    }
    this.#over = over;
    const expired: string[] = [];
    for (const [buildId, since] of over) {
      if (seen - since < this.#grace) continue;
      if (await this.#expire(buildId)) expired.push(buildId);
      over.delete(buildId);
    }
    return expired;
  }

  #isOver(keptUntil: string): boolean {
    return this.#clock.now() >= new Date(keptUntil);
  }

  async #expire(buildId: string): Promise<boolean> {
    const { written } = await updateRecord(this.#records, buildId, (current) => {
      if (!current || current.state === 'withdrawn') return undefined;
      const { keptUntil } = current;
      if (keptUntil === undefined || !this.#isOver(keptUntil)) return undefined;
      const reason = `its time ended at ${keptUntil}`;
      const at = this.#clock.now().toISOString();
      return withdrawnRecord(current, { reason, at, expired: true });
    });
    return written;
  }
}
