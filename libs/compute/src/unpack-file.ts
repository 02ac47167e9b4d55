import { open, rm } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { unpackUpload, type FileAt, type UnpackedUpload } from '@btf-depot/depot';
import { tellingFullDisk } from './full-disk.ts';
import { openFileSource } from './file-source.ts';
import type { Guard } from './memory-guard.ts';

export interface UnpackFileOptions {
  /** Most files that unpack at one time; by default only this one. */
  threads?: number;
  /** Called as the work goes on; an exception ends it. */
  guard?: Guard;
}

/** Unpacks a file of an upload; the wanted files are in `folder` afterwards. */
export async function unpackFile(
  part: string,
  path: string,
  folder: string,
  { threads = 1, guard }: UnpackFileOptions = {},
): Promise<UnpackedUpload> {
  using files = new DisposableStack();
  const openAt = (at: string): FileAt => ({ ...files.use(openFileSource(at, guard)), path: at });
  const store = async (chunks: AsyncIterable<Uint8Array>): Promise<FileAt> => {
    // Our own name: names in archives never become paths.
    const at = join(folder, `unpacked-${randomUUID()}`);
    await tellingFullDisk(() => writeChunks(at, chunks));
    return openAt(at);
  };
  return await unpackUpload(part, openAt(path), store, { threads });
}

async function writeChunks(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const file = await open(path, 'wx');
  try {
    for await (const chunk of chunks) await writeWhole(file, chunk);
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

async function writeWhole(
  file: Awaited<ReturnType<typeof open>>,
  chunk: Uint8Array,
): Promise<void> {
  for (let at = 0; at < chunk.length;) {
    at += (await file.write(chunk, at, chunk.length - at)).bytesWritten;
  }
}
