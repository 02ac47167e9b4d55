import { finished } from 'node:stream/promises';
import type { Allocate, BlobLoad, BlobStream } from './blob-store.ts';

/** Loads a blob from its stream: for stores without a faster way. */
export function loadStream({ size, bytes: stream }: BlobStream, allocate: Allocate): BlobLoad {
  const bytes = allocate(size);
  let filled = 0;
  stream.on('data', (chunk: Uint8Array) => {
    if (chunk.length > size - filled) {
      stream.destroy(new Error(`the store sent more than ${size} bytes`));
      return;
    }
    bytes.set(chunk, filled);
    filled += chunk.length;
    load.onMore();
  });
  const load: BlobLoad = {
    bytes,
    get filled() {
      return filled;
    },
    onMore: () => undefined,
    whole: finished(stream).then(() => {
      if (filled < size) throw new Error(`the store sent ${filled} of ${size} bytes`);
    }),
    stop: () => void stream.destroy(),
  };
  // The caller that stops it does not wait for it.
  load.whole.catch(() => undefined);
  return load;
}
