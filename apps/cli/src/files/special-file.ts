import {
  closeSync,
  createReadStream,
  createWriteStream,
  fstatSync,
  openSync,
  readFileSync,
  type Stats,
} from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { bytesSource } from '@btf-depot/bytes';
import { openFileSource, type FileSource } from '@btf-depot/compute';
import { temporaryFolder, type TemporaryFolder } from './temporary-folder.ts';
import { UsageError } from '../options/usage-error.ts';

/** The word for standard input. */
const STDIN = /^(-|\/dev\/stdin|\/dev\/fd\/0|\/proc\/self\/fd\/0)$/;

/** The name of a file in messages. */
export function shownName(path: string): string {
  return path === '-' ? 'standard input' : path;
}

/**
 * A file for random reading. Pipes, and files of /proc, which report size 0, are first read to
 * their end: they can be read only once and in order.
 */
export function openLocalFile(path: string): FileSource {
  const isStdin = STDIN.test(path);
  const file = isStdin ? 0 : openSync(path, 'r');
  try {
    const stats = fstatSync(file);
    if (!isStdin && !isSpecial(stats)) return openFileSource(path);
    refuseDevice(path, stats);
    return { ...bytesSource(readFileSync(file)), [Symbol.dispose]: () => undefined };
  } finally {
    if (!isStdin) closeSync(file);
  }
}

/** Copies of files that can be read only once, or not in slices; they exist until disposed of. */
export class SpecialFiles implements AsyncDisposable {
  #folder: TemporaryFolder | undefined;
  #copies = 0;
  #hasStdin = false;

  /** The path itself, or that of a copy. @throws UsageError if standard input is named twice. */
  async regular(path: string): Promise<string> {
    const isStdin = STDIN.test(path);
    const stats = isStdin ? fstatSync(0) : await stat(path);
    if (stats.isDirectory() || (!isStdin && !isSpecial(stats))) return path;
    refuseDevice(path, stats);
    if (isStdin && this.#hasStdin) throw new UsageError('standard input can be read only once');
    this.#hasStdin ||= isStdin;
    this.#folder ??= await temporaryFolder();
    const copy = join(this.#folder.path, String(this.#copies++));
    await pipeline(isStdin ? process.stdin : createReadStream(path), createWriteStream(copy));
    return copy;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#folder?.[Symbol.asyncDispose]();
  }
}

/** Files of /proc have size 0, as do pipes and disks. */
function isSpecial(stats: Stats): boolean {
  return !stats.isFile() || stats.size === 0;
}

/** The command would wait for a terminal, and other devices have no end. */
function refuseDevice(path: string, stats: Stats): void {
  if (!stats.isCharacterDevice()) return;
  throw new UsageError(`${shownName(path)} is a device, not a file; name a file or use a pipe`);
}
