import { open } from 'node:fs/promises';
import { kindOf } from '@btf-depot/depot';

/** The first bytes of a file that tell whether it is packed. */
export const TELLING = 4;

/** Whether a file has to be unpacked: it is neither ELF nor BTF. */
export async function isPacked(path: string): Promise<boolean> {
  await using file = await open(path, 'r');
  const { buffer, bytesRead } = await file.read(Buffer.alloc(TELLING), 0, TELLING, 0);
  return beginsPacked(buffer.subarray(0, bytesRead));
}

/** The same of its first bytes. */
export function beginsPacked(head: Buffer): boolean {
  const read = (offset: number, length: number) => head.subarray(offset, offset + length);
  return kindOf({ size: head.length, read }) === undefined;
}
