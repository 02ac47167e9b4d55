import { createHash } from 'node:crypto';
import {
  copyFile,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { openRecord, type KernelRecord } from '@btf-depot/contracts';
import { DepotError } from '@btf-depot/depot';
import { blobFile, BLOBS, KERNELS, kernelFolder, LOCK, recordFile, UNFINISHED } from './layout.ts';

/** The error of a memory stick's file system for a hard link. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK', 'ENOSYS'];

/**
 * The folder of an export. Every file replaces the one before as a whole, so that a reader sees the
 * old or the new one.
 */
export class ExportFolder {
  readonly path: string;
  #drafts = 0;

  private constructor(path: string) {
    this.path = path;
  }

  /** @throws Error if the folder has other files in it, or another process writes there. */
  static async open(path: string): Promise<ExportFolder & AsyncDisposable> {
    await mkdir(path, { recursive: true });
    const names = await readdir(path);
    const isOurs = names.includes('v1') || names.every((name) => name.startsWith('.'));
    // A memory stick has system folders in its root; an export needs a folder of its own.
    if (!isOurs) throw new Error(`${path} has files that are not an export; name an empty folder`);
    const folder = new ExportFolder(path);
    await lock(join(path, LOCK));
    await rm(join(path, UNFINISHED), { recursive: true, force: true });
    await mkdir(join(path, UNFINISHED));
    return Object.assign(folder, {
      async [Symbol.asyncDispose]() {
        await rm(join(path, UNFINISHED), { recursive: true, force: true });
        await rm(join(path, LOCK), { force: true });
      },
    });
  }

  async buildIds(): Promise<string[]> {
    const entries = await readdir(join(this.path, KERNELS), { withFileTypes: true }).catch(orNone);
    return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort();
  }

  async recordText(buildId: string): Promise<string | undefined> {
    return readFile(join(this.path, recordFile(buildId)), 'utf8').catch(() => undefined);
  }

  /** @returns undefined if there is no readable one: it is written anew then. */
  async record(buildId: string): Promise<KernelRecord | undefined> {
    const text = await this.recordText(buildId);
    return text === undefined ? undefined : openRecord(Buffer.from(text)).record;
  }

  async hasBlob({ sha256, size }: { sha256: string; size: number }): Promise<boolean> {
    return (await sizeOf(join(this.path, blobFile(sha256)))) === size;
  }

  async write(path: string, content: string | Uint8Array): Promise<void> {
    const draft = this.#draft();
    await writeFile(draft, content, { flush: true });
    await this.#place(draft, path);
  }

  /** The blob under another name: a link, or a copy if the file system has no links. */
  async name(sha256: string, path: string): Promise<void> {
    const draft = this.#draft();
    const blob = join(this.path, blobFile(sha256));
    try {
      await link(blob, draft);
    } catch (error) {
      if (!NO_LINKS.includes(codeOf(error))) throw error;
      await copyFile(blob, draft);
    }
    await this.#place(draft, path);
    // If both are one file, the system renames nothing.
    await rm(draft, { force: true });
  }

  async remove(path: string): Promise<void> {
    await rm(join(this.path, path), { recursive: true, force: true });
  }

  async filesOf(buildId: string): Promise<string[]> {
    return readdir(join(this.path, kernelFolder(buildId))).catch(orNone);
  }

  async blobs(): Promise<string[]> {
    return readdir(join(this.path, BLOBS)).catch(orNone);
  }

  #draft(): string {
    return join(this.path, UNFINISHED, String(this.#drafts++));
  }

  async #place(draft: string, path: string): Promise<void> {
    const target = join(this.path, path);
    await mkdir(dirname(target), { recursive: true });
    await rename(draft, target);
  }
}

/** @throws DepotError `busy` while a living process holds it. */
async function lock(path: string): Promise<void> {
  for (let again = true; ; again = false) {
    try {
      await using file = await open(path, 'wx');
      await file.writeFile(String(process.pid));
      return;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
      const pid = Number(await readFile(path, 'utf8').catch(() => ''));
      if (!again || (pid > 0 && lives(pid))) {
        throw new DepotError('busy', `process ${pid} is writing to ${path}; wait until it ends`);
      }
      await rm(path, { force: true });
    }
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    (found) => (found.isFile() ? found.size : undefined),
    () => undefined,
  );
}

export function sha256OfText(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}

function orNone(error: unknown): never[] {
  if (codeOf(error) === 'ENOENT') return [];
  throw error;
}
