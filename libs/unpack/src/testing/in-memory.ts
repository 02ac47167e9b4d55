import { bytesSource, FormatError, type Source } from '@btf-depot/bytes';
import { unpack, type UnpackOptions } from '../index.ts';

export interface InMemory extends Source {
  bytes: Uint8Array;
}

function inMemory(bytes: Uint8Array): InMemory {
  return { ...bytesSource(bytes), bytes };
}

/** Runs `unpack` in memory. @returns the found files, and how many bytes were stored. */
export async function unpackBytes(bytes: Uint8Array, options?: UnpackOptions) {
  let stored = 0;
  const store = async (chunks: AsyncIterable<Uint8Array>): Promise<InMemory> => {
    const parts: Uint8Array[] = [];
    for await (const chunk of chunks) {
      stored += chunk.length;
      parts.push(chunk);
    }
    return inMemory(new Uint8Array(Buffer.concat(parts)));
  };
  const { files, packages, passedOver } = await unpack(inMemory(bytes), store, options);
  return {
    packages,
    passedOver,
    stored,
    files: files.map(({ kind, name, source }) => ({ kind, name, bytes: source.bytes })),
    kinds: files.map(({ kind }) => kind),
  };
}

/** The code of the FormatError; undefined if there is none. Rethrows other errors. */
export async function codeOf(run: Promise<unknown>): Promise<string | undefined> {
  try {
    await run;
    return undefined;
  } catch (error) {
    if (error instanceof FormatError) return error.code;
    throw error;
  }
}
