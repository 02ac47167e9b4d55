import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

/** Copies lines, each with its origin in front. */
export function prefixLines(from: Readable, name: string, to: Writable): void {
  const lines = createInterface({ input: from, crlfDelay: Infinity });
  lines.on('line', (line) => to.write(`${name} | ${line}\n`));
}
