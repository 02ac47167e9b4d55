import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import {
  mkdir,
  open,
  readdir,
  readFile,
  rm,
  stat,
  utimes,
  type FileHandle,
} from 'node:fs/promises';
import { createConnection, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { UploadedFile } from '@btf-depot/depot';
import { tellingFullDisk } from '@btf-depot/compute';
import { TELLING } from './is-packed.ts';

/** Age after which folders without a socket are removed. */
const ABANDONED_MS = 24 * 60 * 60 * 1000;

/** Interval of the search for folders of killed processes. */
const LOOK_EVERY_MS = 3 * 60 * 1000;

/** Folders of processes with a socket; older versions have a folder for each upload. */
const OWNED = /^owner-[\da-f-]+$/;

/** A path may be too long for the address of a socket. */
const MAX_ADDRESS = 100;

/** In a process's folder: bytes that its uploads may still write, in decimal digits. */
const PROMISED = 'promised';

/** Every number has so many digits: it is replaced by one write, which takes no space. */
const DIGITS = 16;

/**
 * Folder of staged uploads: one for this process, in the data folder, which several processes may
 * share. A process removes its folder at its end; other processes remove that of a killed one. Each
 * process listens on a socket beside its folder: if nobody listens, the process is dead.
 */
export class Staging {
  readonly #root: string;
  readonly #name = `owner-${randomUUID()}`;
  #lock: Server | undefined;
  #promised: FileHandle | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(dataFolder: string) {
    this.#root = join(dataFolder, 'staging');
  }

  /** Makes the folder, and removes those of dead processes. */
  async open(): Promise<void> {
    await mkdir(this.#root, { recursive: true });
    await this.removeAbandoned();
    this.#lock = await listen(this.#root, this.#name);
    // Only now: a folder without a socket counts as dead.
    await mkdir(this.#folder);
    this.#promised = await open(join(this.#folder, PROMISED), 'w');
    await this.promise(0);
    this.#timer = setInterval(() => void this.#look(), LOOK_EVERY_MS).unref();
  }

  /** Runs `use` with its own folder, which is removed afterwards in any case. */
  async withFolder<Result>(use: (folder: string) => Promise<Result>): Promise<Result> {
    const folder = join(this.#folder, randomUUID());
    await mkdir(folder, { recursive: true });
    try {
      return await use(folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** Tells other processes how many bytes the uploads of this one may still write. */
  async promise(bytes: number): Promise<void> {
    await this.#promised?.write(`${Math.ceil(bytes)}`.padStart(DIGITS, '0'), 0);
  }

  /** Bytes that uploads of other living processes may still write. */
  async promisedByOthers(): Promise<number> {
    let sum = 0;
    for (const name of await readdir(this.#root)) {
      if (!OWNED.test(name) || name === this.#name) continue;
      // Older versions have no such file, and a process that ends removes its own.
      const text = await readFile(join(this.#root, name, PROMISED), 'latin1').catch(() => '');
      const bytes = Number(text);
      if (bytes > 0 && (await lives(this.#root, name))) sum += bytes;
    }
    return sum;
  }

  async removeAbandoned(): Promise<void> {
    const names = await readdir(this.#root);
    const folders = new Set(names.filter((name) => !name.endsWith(LOCK)));
    for (const name of folders) {
      const isDead = OWNED.test(name) ? !(await lives(this.#root, name)) : await this.#isOld(name);
      if (!isDead || name === this.#name) continue;
      await rm(join(this.#root, name), { recursive: true, force: true });
      await rm(join(this.#root, name + LOCK), { force: true });
    }
    // A process without a folder may be about to make it.
    for (const name of names) {
      const owner = name.slice(0, -LOCK.length);
      if (!name.endsWith(LOCK) || folders.has(owner) || !(await this.#isOld(name))) continue;
      if (!(await lives(this.#root, owner))) await rm(join(this.#root, name), { force: true });
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    const promised = this.#promised;
    this.#promised = undefined;
    await promised?.close();
    await rm(this.#folder, { recursive: true, force: true });
    this.#lock?.close();
    await rm(join(this.#root, this.#name + LOCK), { force: true });
  }

  get #folder(): string {
    return join(this.#root, this.#name);
  }

  async #look(): Promise<void> {
    try {
      // Older versions remove folders that were not touched for a day.
      const now = new Date();
      for (const name of [this.#name, this.#name + LOCK]) {
        await utimes(join(this.#root, name), now, now);
      }
      await this.removeAbandoned();
    } catch {
      // Another process may remove it too; the next search retries.
    }
  }

  async #isOld(name: string): Promise<boolean> {
    const found = await stat(join(this.#root, name)).catch(() => undefined);
    return found !== undefined && Date.now() - found.mtimeMs > ABANDONED_MS;
  }
}

const LOCK = '.lock';

/** Listens on a socket, only to show that the process lives. */
async function listen(root: string, name: string): Promise<Server> {
  return withAddress(root, name + LOCK, (path) => {
    const server = createServer((socket) => socket.destroy());
    return new Promise((resolve, reject) => {
      server.once('error', reject).listen(path, () => resolve(server.unref()));
    });
  });
}

async function lives(root: string, name: string): Promise<boolean> {
  return withAddress(root, name + LOCK, (path) => {
    return new Promise((resolve) => {
      const socket = createConnection(path, () => {
        socket.destroy();
        resolve(true);
      });
      // Refused: nobody listens. Any other error does not prove that the process is dead.
      socket.once('error', ({ code }: NodeJS.ErrnoException) => {
        resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT');
      });
    });
  });
}

async function withAddress<Result>(
  root: string,
  name: string,
  use: (path: string) => Promise<Result>,
): Promise<Result> {
  const path = join(root, name);
  if (Buffer.byteLength(path) <= MAX_ADDRESS) return use(path);
  await using folder = await open(root, 'r');
  return await use(`/proc/self/fd/${folder.fd}/${name}`);
}

interface Watched {
  /** Awaited once, with the first `TELLING` bytes of a file that has so many. */
  began: (head: Buffer) => Promise<void>;
  /** Awaited before each piece is written. */
  wrote: (bytes: number) => Promise<void>;
}

/** Writes a stream to a file and hashes it. The file need not survive a crash. */
export async function stageFile(
  stream: Readable,
  path: string,
  { began, wrote }: Watched,
  signal: AbortSignal,
): Promise<UploadedFile> {
  const hash = createHash('sha256');
  let size = 0;
  let head = Buffer.alloc(0);
  const hashed = async function* (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      if (head.length < TELLING) {
        head = Buffer.concat([head, chunk.subarray(0, TELLING - head.length)]);
        if (head.length === TELLING) await began(head);
      }
      await wrote(chunk.length);
      hash.update(chunk);
      size += chunk.length;
      yield chunk;
    }
  };
  await tellingFullDisk(() => pipeline(stream, hashed, createWriteStream(path), { signal }));
  return { path, size, sha256: hash.digest('hex') };
}
