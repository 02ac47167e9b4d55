import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { checkRange, FormatError, type Source } from '@btf-depot/bytes';

/**
 * A file at random offsets; it reads only the requested bytes, so a vmlinux is never wholly in
 * memory.
 */
export interface FileSource extends Source, Disposable {}

/** @param onRead called before each read; its exception ends the read. */
export function openFileSource(path: string, onRead?: () => void): FileSource {
  const fd = openSync(path, 'r');
  const { size } = fstatSync(fd);
  const readInto = (offset: number, target: Uint8Array): void => {
    onRead?.();
    const { length } = target;
    checkRange(size, offset, length);
    let done = 0;
    while (done < length) {
      const got = readSync(fd, target, done, length - done, offset + done);
      if (got === 0) {
        throw new FormatError('source-bounds', `the file ended early, of ${size} bytes`, {
          offset: offset + done,
        });
      }
      done += got;
    }
  };
  return {
    size,
    read(offset, length) {
      checkRange(size, offset, length);
      const bytes = new Uint8Array(length);
      readInto(offset, bytes);
      return bytes;
    },
    readInto,
    [Symbol.dispose]: () => closeSync(fd),
  };
}
