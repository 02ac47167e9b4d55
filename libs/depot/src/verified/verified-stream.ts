import { createHash } from 'node:crypto';
import { pipeline, Transform, type Readable } from 'node:stream';
import type { ByteRange } from '../ports/blob-store.ts';

/** Bytes at the end that are handed on only if the whole hash is right. */
export const WITHHELD = 64 * 1024;

/**
 * The same bytes, hashed as they flow. If the hash is wrong, the reader never gets all of them: the
 * stream fails, and the last bytes are withheld.
 *
 * @param onOther makes that error.
 */
export function verifiedStream(
  bytes: Readable,
  sha256: string,
  onOther: () => Promise<Error>,
): Readable {
  const hash = createHash('sha256');
  let held = Buffer.alloc(0);
  const verifying = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      const all = Buffer.concat([held, chunk]);
      const from = Math.max(0, all.length - WITHHELD);
      held = all.subarray(from);
      done(null, from > 0 ? all.subarray(0, from) : undefined);
    },
    flush(done) {
      if (hash.digest('hex') === sha256) done(null, held.length > 0 ? held : undefined);
      else void onOther().then(done);
    },
  });
  // It ends with the last stream, and so does its reader.
  pipeline(bytes, verifying, () => undefined);
  return verifying;
}

/** The hash of all bytes, and of a range of them. */
export async function hashStream(
  bytes: Readable,
  part: ByteRange = { start: 0, end: Infinity },
): Promise<{ whole: string; part: string }> {
  const whole = createHash('sha256');
  const ofPart = createHash('sha256');
  let at = 0;
  for await (const chunk of bytes as AsyncIterable<Buffer>) {
    whole.update(chunk);
    const [start, end] = [part.start - at, part.end - at].map((edge) => Math.max(0, edge));
    ofPart.update(chunk.subarray(start, end));
    at += chunk.length;
  }
  return { whole: whole.digest('hex'), part: ofPart.digest('hex') };
}
