import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import type { DepotClient } from '@btf-depot/client';
import { sha256OfFile } from '../../files/local-file.ts';
import { note } from '../../terminal/output.ts';

/** The expected result of a download. */
export interface Wanted {
  sha256: string;
  size: number;
}

/**
 * Downloads a blob to a file (`-`: standard output). The file appears complete and checked, or not
 * at all. A partial download stays beside it as `.part`, and the next call continues it.
 */
export async function download(
  client: Pick<DepotClient, 'blob'>,
  wanted: Wanted,
  output: string,
): Promise<void> {
  if (output === '-') {
    const hash = createHash('sha256');
    for await (const chunk of client.blob(wanted)) {
      hash.update(chunk);
      process.stdout.write(chunk);
    }
    check(hash.digest('hex'), wanted, output);
    return;
  }
  if (await isFolder(output)) throw new Error(`${output} is a folder; name a file in it`);
  // Named by its hash, so that parts of two revisions never meet in one file.
  const part = `${output}.${wanted.sha256.slice(0, 12)}.part`;
  const first = await downloadPart(client, wanted, part);
  // The part may come from a blob that was damaged then, and is healed now.
  const wasWrong = first.had > 0 && first.hash !== wanted.sha256;
  if (wasWrong) {
    note('the partial file was damaged; starting again');
    await rm(part, { force: true });
  }
  const { hash } = wasWrong ? await downloadPart(client, wanted, part) : first;
  try {
    check(hash, wanted, output);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
  try {
    await rename(part, output);
  } catch (error) {
    const isGone = (error as NodeJS.ErrnoException).code === 'ENOENT';
    // Another process completed it.
    if (!isGone || (await sha256OfFile(output)) !== wanted.sha256) throw error;
  }
}

/** Continues the existing part. @returns its size, and the hash of the whole. */
async function downloadPart(
  client: Pick<DepotClient, 'blob'>,
  wanted: Wanted,
  part: string,
): Promise<{ had: number; hash: string }> {
  const had = await stat(part).then(
    ({ size }) => (size < wanted.size ? size : 0),
    () => 0,
  );
  if (had > 0) note(`resuming at byte ${had}`);
  const hash = createHash('sha256');
  if (had > 0) for await (const chunk of createReadStream(part)) hash.update(chunk as Buffer);
  // Writes each byte at its offset: two processes that download to one file write the same there,
  // and neither truncates the other's bytes.
  const openPart = () => open(part, constants.O_RDWR | constants.O_CREAT, 0o666);
  let file: FileHandle | undefined;
  try {
    let at = had;
    for await (const chunk of client.blob(wanted, had)) {
      // Only now: a refused download leaves no file.
      file ??= await openPart();
      hash.update(chunk);
      await writeAt(file, chunk, at);
      at += chunk.length;
    }
    file ??= await openPart();
    await file.truncate(wanted.size);
    await file.sync();
  } finally {
    await file?.close();
  }
  return { had, hash: hash.digest('hex') };
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** A write may be short, for instance on a full disk; the next one reports why. */
async function writeAt(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

function check(sha256: string, wanted: Wanted, output: string): void {
  if (sha256 === wanted.sha256) return;
  throw new Error(`${output} has SHA-256 ${sha256}, and the depot's record says ${wanted.sha256}`);
}
