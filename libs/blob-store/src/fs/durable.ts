import { randomUUID } from 'node:crypto';
import { link, lstat, mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { StoreUnavailable } from '../errors.ts';

/** Folder for files that are being written; in the store, so that link() stays in one file system. */
export const ASIDE = 'unfinished';

/**
 * Writes a new file, whole and durable when this resolves: writes aside, fsync, link() to its name,
 * fsync of its folder and, since they may be new too, of the parents.
 * @param root folder of the store
 * @param path of the file, below root
 * @returns false if the name was taken; that file is durable then as well.
 */
export async function createFile(root: string, path: string, bytes: Uint8Array): Promise<boolean> {
  const draft = await writeAside(root, bytes);
  try {
    const target = join(root, path);
    await mkdir(dirname(target), { recursive: true });
    const created = await linkUnlessTaken(draft, target);
    await syncFolders(root, path);
    return created;
  } finally {
    await rm(draft, { force: true });
  }
}

/** Replaces a file by an empty one: the name stays taken. Not made durable. */
export async function emptyFile(root: string, path: string): Promise<void> {
  const draft = asideName(root);
  await writeFile(draft, '', { flag: 'wx' });
  await renameDraft(draft, join(root, path));
}

/** Replaces or creates a file: durable when this resolves, and never partly written. */
export async function replaceFile(root: string, path: string, bytes: Uint8Array): Promise<void> {
  const draft = await writeAside(root, bytes);
  await mkdir(dirname(join(root, path)), { recursive: true });
  await renameDraft(draft, join(root, path));
  await syncFolders(root, path);
}

/**
 * Moves a folder that somebody made at the place of a file: no file can replace it. It may hold
 * something of value, so it stays beside that place.
 */
export async function moveFolderAway(root: string, path: string): Promise<void> {
  const target = join(root, path);
  const found = await unlessMissing(() => lstat(target));
  if (found?.isDirectory()) await rename(target, `${target}.folder-${randomUUID()}`);
}

/** fsync of the folder that holds `path` and of all above it up to the store's own. */
export async function syncFolders(root: string, path: string): Promise<void> {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    await using handle = await open(join(root, folder), 'r');
    await handle.sync();
    if (folder === '.') return;
  }
}

/**
 * Runs file operations; errors of the system (EACCES, ENOSPC, EIO, …) become StoreUnavailable,
 * without the paths: clients read it too.
 */
export async function asStore<T>(what: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    if (errno(cause) === undefined) throw cause;
    const { message, syscall } = cause as NodeJS.ErrnoException;
    const [why] = message.split(`, ${syscall ?? ''}`);
    throw new StoreUnavailable(`cannot ${what}: ${why}`, { cause });
  }
}

/** Runs a file operation; undefined if the file or its folder is missing, or a folder is there. */
export async function unlessMissing<T>(run: () => Promise<T>): Promise<T | undefined> {
  try {
    return await run();
  } catch (error) {
    if (errno(error) === 'ENOENT' || errno(error) === 'EISDIR') return undefined;
    throw error;
  }
}

async function writeAside(root: string, bytes: Uint8Array): Promise<string> {
  const draft = asideName(root);
  try {
    await using file = await open(draft, 'wx');
    await file.writeFile(bytes);
    await file.sync();
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  return draft;
}

async function renameDraft(draft: string, target: string): Promise<void> {
  try {
    await rename(draft, target);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

async function linkUnlessTaken(draft: string, target: string): Promise<boolean> {
  try {
    await link(draft, target);
    return true;
  } catch (error) {
    if (errno(error) === 'EEXIST') return false;
    throw error;
  }
}

function asideName(root: string): string {
  return join(root, ASIDE, `${process.pid}-${randomUUID()}`);
}

function errno(error: unknown): string | undefined {
  return error instanceof Error && 'syscall' in error && 'code' in error
    ? String(error.code)
    : undefined;
}
