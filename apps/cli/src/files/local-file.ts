import { createHash } from 'node:crypto';
import { createReadStream, openAsBlob } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import type { UnpackedUpload } from '@btf-depot/depot';
import { unpackFile } from '@btf-depot/compute';
import { temporaryFolder } from './temporary-folder.ts';

/**
 * Looks what a file on this machine is, whatever it is wrapped in, without asking anybody; what
 * has to be unpacked of it is there while `use` runs.
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
  // Nothing had to be unpacked: Ctrl-C need not wait for splitting, which takes seconds at a time.
  const isEmpty = (await readdir(folder.path)).length === 0;
  if (isEmpty) await folder[Symbol.asyncDispose]();
  return await use(found);
}

export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** A file as a body to send; streamed, but for those of /sys, which cannot be read in slices. */
export async function blobOf(path: string): Promise<Blob> {
  const { dev } = await stat(path);
  const { dev: sysfs } = await stat('/sys/kernel').catch(() => ({ dev: undefined }));
  return dev === sysfs ? new Blob([await readFile(path)]) : openAsBlob(path);
}
