import { statfs } from 'node:fs/promises';
import { DepotError } from '@btf-depot/depot';

const MEBI = 1024 * 1024;

/** What an upload that does not say how large it is reserves, and each time that this is used up. */
const STEP = 16 * MEBI;

/** What lies packed in a file may be so many times its size, and beyond so much hardly ever is. */
const UNPACKED = { times: 4, most: 512 * MEBI };

/** What an upload may write; released when its files are gone. */
export interface Reservation {
  /** Of bytes that were written. @throws DepotError `disk-full` if there is no room for more. */
  wrote: (bytes: number) => Promise<void>;
  /** Of a file, in bytes, that has to be unpacked beside itself. @throws DepotError `disk-full`. */
  unpacks: (size: number) => Promise<void>;
  release: () => void;
}

interface Room {
  free: number;
  promised: number;
}

interface Taken {
  reserved: number;
  written: number;
}

/** Bytes that are free on the disk of a folder. */
export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/**
 * Shares the free space of a disk among the uploads that are under way: what they said that they
 * bring counts as taken before it comes. Other processes on the disk are seen by what they wrote.
 */
export class DiskSpace {
  readonly #free: () => Promise<number>;
  readonly #keepFree: number;
  readonly #taken = new Set<Taken>();

  /**
   * @param free bytes of the disk that nobody has yet.
   * @param keepFree bytes of these that uploads leave free.
   */
  constructor(free: () => Promise<number>, keepFree: number) {
    this.#free = free;
    this.#keepFree = keepFree;
  }

  /**
   * @param announced bytes of an upload; 0 if it does not say.
   * @throws DepotError `disk-full`.
   */
  async reserve(announced: number): Promise<Reservation> {
    const taken: Taken = { reserved: 0, written: 0 };
    const take = (bytes: number, asked = bytes) => this.#take(taken, bytes, asked);
    await take(announced || STEP, announced);
    return {
      async wrote(bytes) {
        taken.written += bytes;
        if (taken.written > taken.reserved) await take(STEP, taken.written);
      },
      unpacks: (size) => take(Math.min(UNPACKED.times * size, UNPACKED.most)),
      release: () => void this.#taken.delete(taken),
    };
  }

  /** Rejects where there is no room for an upload: for readiness. */
  async checkRoom(): Promise<void> {
    this.#check(await this.look(), STEP, STEP);
  }

  /** Bytes: what the disk has free, and what of it uploads under way may still write. */
  async look(): Promise<Room> {
    const free = await this.#free();
    return { free, promised: this.#promised() };
  }

  async #take(taken: Taken, bytes: number, asked: number): Promise<void> {
    const free = await this.#free();
    // Nothing is waited for from here on: of two that ask at one time, the second sees the first.
    this.#check({ free, promised: this.#promised() }, bytes, asked);
    taken.reserved += bytes;
    this.#taken.add(taken);
  }

  #promised(): number {
    let promised = 0;
    for (const { reserved, written } of this.#taken) promised += Math.max(0, reserved - written);
    return promised;
  }

  #check({ free, promised }: Room, bytes: number, asked: number): void {
    const there = free - promised - this.#keepFree;
    if (bytes <= there) return;
    throw new DepotError(
      'disk-full',
      `${asked > 0 ? `the upload needs ${asked} bytes` : 'the upload announced no size'}, ` +
        `and it may use ${Math.max(0, there)}: ${free} are free, other uploads need ${promised} of ` +
        `them, and ${this.#keepFree} stay free (BTFDEPOT_KEEP_FREE)`,
    );
  }
}
