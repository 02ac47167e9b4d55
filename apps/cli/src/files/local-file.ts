import { createHash } from 'node:crypto';
import { createReadStream, openAsBlob } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import type { UnpackedUpload } from '@btf-depot/depot';
import { unpackFile } from '@btf-depot/compute';
import { temporaryFolder } from './temporary-folder.ts';

/**
 * Identifies a file on this machine in any wrapping, without a depot. Unpacked files exist while
 * `use` runs.
 * @param name of the file in messages.
 */
export async function withUnpacked<Result>(
  path: string,
  use: (found: UnpackedUpload) => Promise<Result>,
  name = path,
): Promise<Result> {
  await using folder = await temporaryFolder();
  const threads = availableParallelism();
  const found = await unpackFile(name, path, folder.path, { threads });
  // Nothing was unpacked: Ctrl-C need not wait for splitting, which takes seconds.
  const isEmpty = (await readdir(folder.path)).length === 0;
  if (isEmpty) await folder[Symbol.asyncDispose]();
  return await use(found);
}

export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/**
 * A file as a request body. It is streamed, except for files of /sys, which cannot be read in
 * slices.
 */
export async function blobOf(path: string): Promise<Blob> {
  const { dev } = await stat(path);
  const { dev: sysfs } = await stat('/sys/kernel').catch(() => ({ dev: undefined }));
  return dev === sysfs ? new Blob([await readFile(path)]) : openAsBlob(path);
}
