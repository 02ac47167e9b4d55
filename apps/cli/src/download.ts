import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import type { DepotClient } from '@btf-depot/client';
import { note } from './output.ts';

/** What a download must turn out to be. */
export interface Wanted {
  sha256: string;
  size: number;
}

/**
 * Downloads a blob to a file (`-`: standard output). The file appears whole and checked, or not at
 * all; what was cut stays beside it as `.part` and is gone on with the next time.
 */
export async function download(client: DepotClient, wanted: Wanted, output: string): Promise<void> {
  if (output === '-') {
    const hash = createHash('sha256');
    for await (const chunk of client.blob(wanted)) {
      hash.update(chunk);
      process.stdout.write(chunk);
    }
    check(hash.digest('hex'), wanted, output);
    return;
  }
  // Named by its hash, so that parts of two revisions never meet in one file.
  const part = `${output}.${wanted.sha256.slice(0, 12)}.part`;
  const had = await stat(part).then(
    ({ size }) => (size < wanted.size ? size : 0),
    () => 0,
  );
  if (had > 0) note(`going on at byte ${had}`);
  const hash = createHash('sha256');
  if (had > 0) for await (const chunk of createReadStream(part)) hash.update(chunk as Buffer);
  const file = await open(part, had > 0 ? 'a' : 'w');
  try {
    for await (const chunk of client.blob(wanted, had)) {
      hash.update(chunk);
      await file.write(chunk);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    check(hash.digest('hex'), wanted, output);
  } catch (error) {
    await rm(part);
    throw error;
  }
  await rename(part, output);
}

function check(sha256: string, wanted: Wanted, output: string): void {
  if (sha256 === wanted.sha256) return;
  throw new Error(`${output}: SHA-256 is ${sha256}, the depot's record says ${wanted.sha256}`);
}
