import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { Source } from '@btf-depot/bytes';

export interface TimedSource extends Source {
  /** Milliseconds that reading took so far. */
  readonly spent: number;
  close(): void;
}

/** A file; not that of libs/compute, whose threads the run would have to load. */
export function openTimedSource(path: string): TimedSource {
  const fd = openSync(path, 'r');
  let spent = 0;
  const readInto = (offset: number, target: Uint8Array) => {
    const before = performance.now();
    const { length } = target;
    let done = 0;
    while (done < length) done += readSync(fd, target, done, length - done, offset + done);
    spent += performance.now() - before;
  };
  return {
    size: fstatSync(fd).size,
    read(offset, length) {
      const bytes = new Uint8Array(length);
      readInto(offset, bytes);
      return bytes;
    },
    readInto,
    get spent() {
      return spent;
    },
    close: () => closeSync(fd),
  };
}
