import { createHash } from 'node:crypto';
import { createReadStream, openAsBlob } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { identifyKernel, type Identity } from '@btf-depot/depot';
import { openFileSource } from '@btf-depot/service-kit';

/** What a file on this machine is, without asking anybody. */
export function identify(path: string): Identity {
  using source = openFileSource(path);
  return identifyKernel(source);
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
