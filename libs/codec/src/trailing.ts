import type { StreamReader } from '@btf-depot/bytes';

/**
 * How to treat bytes after a stream's end. `refuse` joins further streams of the format, as its
 * programs do, and refuses anything else. `pass` joins the same streams and ignores the rest, such
 * as padding and a device tree behind a kernel. `ignore` reads one stream, for streams inside a
 * larger file.
 */
export type Trailing = 'refuse' | 'pass' | 'ignore';

/** Whether to read another stream; under `refuse` its decoder reports the fault. */
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
