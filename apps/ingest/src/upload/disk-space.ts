import { statfs } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { DepotError } from '@btf-depot/depot';

const MEBI = 1024 * 1024;

/** Reserved for an upload of unknown size, and again each time that it is used up. */
const STEP = 16 * MEBI;

/** Packed content may have this multiple of a file's size, and rarely more. */
const UNPACKED = { times: 4, most: 512 * MEBI };

/** Bytes after which other processes learn of writes. */
const TOLD_AFTER = 4 * MEBI;

/** Attempts if two processes reserve at the same moment, and the longest pause between two (ms). */
const ATTEMPTS = 8;
const PAUSE = 50;

/** Other processes that stage uploads on the disk. */
export interface Neighbours {
  /** Tells them how many bytes the uploads of this process may still write. */
  promise: (bytes: number) => Promise<void>;
  /** Bytes that their uploads may still write. */
  promisedByOthers: () => Promise<number>;
}

const NONE: Neighbours = {
  promise: () => Promise.resolve(),
  promisedByOthers: () => Promise.resolve(0),
};

/** The space of an upload; released when its files are gone. */
export interface Reservation {
  /** Counts written bytes. @throws DepotError `disk-full` if there is no room for more. */
  wrote: (bytes: number) => Promise<void>;
  /**
   * Reserves space to unpack a file that begins to arrive, of at most the announced size; if none is
   * announced, while it arrives. @throws DepotError `disk-full`.
   */
  willUnpack: () => Promise<void>;
  /** The same for a file that is there, beyond what `willUnpack` reserved. */
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
 * Shares the free space of a disk among running uploads, of its neighbours too: an announced size
 * counts as taken at once. Other processes on the disk are noticed by their written files.
 */
export class DiskSpace {
  readonly #free: () => Promise<number>;
  readonly #keepFree: number;
  readonly #neighbours: Neighbours;
  readonly #taken = new Set<Taken>();
  /** What the neighbours were told last. */
  #told = 0;
  #telling = Promise.resolve();

  /**
   * @param free unused bytes of the disk.
   * @param keepFree bytes that uploads leave free.
   */
  constructor(free: () => Promise<number>, keepFree: number, neighbours: Neighbours = NONE) {
    this.#free = free;
    this.#keepFree = keepFree;
    this.#neighbours = neighbours;
  }

  /**
   * @param announced size of an upload; 0 if unknown.
   * @throws DepotError `disk-full`.
   */
  async reserve(announced: number): Promise<Reservation> {
    const taken: Taken = { reserved: 0, written: 0 };
    const take = (bytes: number, asked: string) => this.#take(taken, bytes, asked);
    await take(announced || STEP, asked(announced));
    /** Bytes for unpacking, and those of them that are for a file which is still arriving. */
    const unpacking = { reserved: 0, ahead: 0, grows: false };
    const takeAhead = async (size: number) => {
      const bytes = unpackedSize(size);
      const more = bytes - unpacking.ahead;
      if (more <= 0) return;
      await take(more, `unpacking the upload may need ${bytes} bytes`);
      unpacking.reserved += more;
      unpacking.ahead = bytes;
    };
    return {
      wrote: async (bytes) => {
        taken.written += bytes;
        if (taken.written + unpacking.reserved > taken.reserved) {
          await take(STEP, asked(taken.written));
          if (unpacking.grows) await takeAhead(taken.written + STEP);
        } else if (this.#told - this.#promised() > TOLD_AFTER) await this.#tell();
      },
      willUnpack: async () => {
        unpacking.grows = announced === 0;
        await takeAhead(announced === 0 ? STEP : announced - taken.written);
      },
      unpacks: async (size) => {
        const bytes = unpackedSize(size);
        const more = bytes - unpacking.ahead;
        unpacking.ahead = Math.max(0, -more);
        if (more <= 0) return;
        await take(more, `unpacking the upload needs ${bytes} bytes`);
        unpacking.reserved += more;
      },
      release: () => {
        this.#taken.delete(taken);
        // If it fails, they count too much until the next time.
        this.#tell().catch(() => undefined);
      },
    };
  }

  /** Rejects if there is no room for an upload: for readiness. */
  async checkRoom(): Promise<void> {
    this.#check(await this.look(), STEP, asked(STEP));
  }

  /** Bytes: free space of the disk, and the part of it that running uploads may still write. */
  async look(): Promise<Room> {
    const { free, others } = await this.#look();
    return { free, promised: this.#promised() + others };
  }

  async #look(): Promise<{ free: number; others: number }> {
    // In this order: what a neighbour writes in between is counted twice, not missed.
    const others = await this.#neighbours.promisedByOthers();
    return { others, free: await this.#free() };
  }

  async #take(taken: Taken, bytes: number, asked: string): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const { free, others } = await this.#look();
      // No await until it is reserved: of two simultaneous uploads, the second sees the first.
      this.#check({ free, promised: this.#promised() + others }, bytes, asked);
      taken.reserved += bytes;
      this.#taken.add(taken);
      try {
        await this.#tell();
        // Of two processes that reserve at the same moment, at least one sees the other only now.
        const room = await this.look();
        this.#check({ ...room, promised: room.promised - bytes }, bytes, asked);
        return;
      } catch (error) {
        taken.reserved -= bytes;
        if (taken.reserved === 0) this.#taken.delete(taken);
        await this.#tell();
        if (attempt === ATTEMPTS || !isFull(error)) throw error;
      }
      await sleep(PAUSE * Math.random());
    }
  }

  /** One after the other, so that the last number is the newest. */
  #tell(): Promise<void> {
    const told = this.#telling.then(() => {
      this.#told = this.#promised();
      return this.#neighbours.promise(this.#told);
    });
    this.#telling = told.catch(() => undefined);
    return told;
  }

  #promised(): number {
    let promised = 0;
    for (const { reserved, written } of this.#taken) promised += Math.max(0, reserved - written);
    return promised;
  }

  /** @throws DepotError `disk-full` if the space beside the promised bytes is smaller than this. */
  #check({ free, promised }: Room, bytes: number, asked: string): void {
    const there = free - promised - this.#keepFree;
    if (bytes <= there) return;
    throw new DepotError(
      'disk-full',
      `${asked}, and it may use ${Math.max(0, there)}: ${free} are free, other uploads need ${promised} of ` +
        `them, and ${this.#keepFree} stay free (BTFDEPOT_KEEP_FREE)`,
    );
  }
}

const asked = (bytes: number) =>
  bytes > 0 ? `the upload needs ${bytes} bytes` : 'the upload announced no size';

const unpackedSize = (size: number) => Math.min(UNPACKED.times * size, UNPACKED.most);

const isFull = (error: unknown) => error instanceof DepotError && error.code === 'disk-full';
