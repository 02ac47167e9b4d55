import type { StreamReader } from '@btf-depot/bytes';

/**
 * What is made of bytes after a stream's end: `refuse` takes streams that follow one another for
 * one, as the programs of these formats do, and anything else for a fault; `pass` takes the same
 * streams and passes over what is none, as padding and a device tree behind a kernel; `ignore` reads
 * one stream, for those that lie within something larger.
 */
export type Trailing = 'refuse' | 'pass' | 'ignore';

/** Whether another stream is to be read: under `refuse` its decoder says what is wrong with it. */
export async function isMore(
  reader: StreamReader,
  trailing: Trailing,
  begins: (head: Uint8Array) => boolean,
): Promise<boolean> {
  if (trailing === 'ignore' || (await reader.isAtEnd())) return false;
  if (trailing === 'refuse') return true;
  await reader.fill(16);
  return begins(reader.held());
}
