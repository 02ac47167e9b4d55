import type { Source } from '@btf-depot/bytes';

const WINDOW = 4 * 1024 * 1024;

/** Every offset of `pattern` in a source, in order. */
export function* findAll(source: Source, pattern: Buffer): Generator<number> {
  // Windows overlap, so that no match is lost at a boundary.
  const step = WINDOW - pattern.length + 1;
  for (let start = 0; start < source.size; start += step) {
    const bytes = source.read(start, Math.min(WINDOW, source.size - start));
    const window = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = -1; (at = window.indexOf(pattern, at + 1)) >= 0;) yield start + at;
  }
}
