import { open } from 'node:fs/promises';
import { kindOf } from '@btf-depot/depot';

/** Whether a file has to be unpacked: it is neither ELF nor BTF. */
export async function isPacked(path: string): Promise<boolean> {
  await using file = await open(path, 'r');
  const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
  return (
    kindOf({
      size: bytesRead,
      read: (offset, length) => buffer.subarray(offset, offset + length),
    }) === undefined
  );
}
