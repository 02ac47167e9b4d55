import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { UploadedFile } from '@btf-depot/depot';
import { tellingFullDisk } from '@btf-depot/compute';

/** Folders that crashed processes left behind are removed once they are older than this. */
const ABANDONED_MS = 24 * 60 * 60 * 1000;

/** Where uploads lie while they are split: a folder for each, in the data folder. */
export class Staging {
  readonly #root: string;

  constructor(dataFolder: string) {
    this.#root = join(dataFolder, 'staging');
  }

  /** Makes the place, and clears away what crashed processes left. */
  async open(): Promise<void> {
    await mkdir(this.#root, { recursive: true });
    for (const name of await readdir(this.#root)) {
      const path = join(this.#root, name);
      const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
      if (Date.now() - mtimeMs > ABANDONED_MS) await rm(path, { recursive: true, force: true });
    }
  }

  /** Runs `use` with a folder of its own, which is gone afterwards, however that ended. */
  async withFolder<Result>(use: (folder: string) => Promise<Result>): Promise<Result> {
    const folder = join(this.#root, randomUUID());
    await mkdir(folder);
    try {
      return await use(folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

/** Writes a stream to a file and hashes it on the way. The file need not outlive a crash. */
export async function stageFile(
  stream: Readable,
  path: string,
  signal: AbortSignal,
): Promise<UploadedFile> {
  const hash = createHash('sha256');
  let size = 0;
  const hashed = async function* (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      hash.update(chunk);
      size += chunk.length;
      yield chunk;
    }
  };
  await tellingFullDisk(() => pipeline(stream, hashed, createWriteStream(path), { signal }));
  return { path, size, sha256: hash.digest('hex') };
}
