import { statfs } from 'node:fs/promises';
import { DepotError } from '@btf-depot/depot';

const MEBI = 1024 * 1024;

/** Reserved for an upload of unknown size, and again each time that it is used up. */
const STEP = 16 * MEBI;

/** Packed content may have this multiple of a file's size, and rarely more. */
const UNPACKED = { times: 4, most: 512 * MEBI };

/** The space of an upload; released when its files are gone. */
export interface Reservation {
  /** Counts written bytes. @throws DepotError `disk-full` if there is no room for more. */
  wrote: (bytes: number) => Promise<void>;
  /** Reserves room to unpack a file of so many bytes. @throws DepotError `disk-full`. */
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

/** Free bytes on the disk of a folder. */
export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/**
 * Shares the free space of a disk among running uploads: an announced size counts as taken at once.
 * Other processes on the disk are noticed by their written files.
 */
export class DiskSpace {
  readonly #free: () => Promise<number>;
  readonly #keepFree: number;
  readonly #taken = new Set<Taken>();

  /**
   * @param free unused bytes of the disk.
   * @param keepFree bytes that uploads leave free.
   */
  constructor(free: () => Promise<number>, keepFree: number) {
    this.#free = free;
    this.#keepFree = keepFree;
  }

  /**
   * @param announced size of an upload; 0 if unknown.
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

  /** Rejects if there is no room for an upload: for readiness. */
  async checkRoom(): Promise<void> {
    this.#check(await this.look(), STEP, STEP);
  }

  /** Bytes: free space of the disk, and the part of it that running uploads may still write. */
  async look(): Promise<Room> {
    const free = await this.#free();
    return { free, promised: this.#promised() };
  }

  async #take(taken: Taken, bytes: number, asked: number): Promise<void> {
    const free = await this.#free();
    // No await from here on: of two simultaneous uploads, the second sees the first.
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
