import { ProblemError } from './problem-error.ts';

/** A blob in a record or manifest. */
export interface WantedBlob {
  sha256: string;
  /** Bytes. */
  size: number;
}

/** How often a stream may break without a byte in between. */
const MAX_BREAKS = 4;

/**
 * The bytes of a blob from `start` on. If the connection breaks, it resumes with the rest, perhaps
 * from another depot, since the blob's name is its hash. The caller verifies the bytes.
 *
 * @param open requests the blob from a byte on.
 * @throws ProblemError, `cut` if it breaks repeatedly.
 */
export async function* blobStream(
  { size }: WantedBlob,
  start: number,
  open: (start: number) => Promise<ReadableStream<Uint8Array>>,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let at = start;
  for (let breaks = 0; at < size;) {
    const stream = await open(at);
    const from = at;
    let reason: unknown = 'the connection ended early';
    try {
      for await (const chunk of chunksOf(stream)) {
        at += chunk.length;
        if (at > size) throw tooLong(size);
        yield chunk;
      }
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof ProblemError) throw error;
      reason = error;
    }
    if (at >= size) return;
    breaks = at > from ? 0 : breaks + 1;
    if (breaks > MAX_BREAKS) {
      throw new ProblemError({
        code: 'cut',
        status: 0,
        title: `Cut at byte ${at} of ${size}`,
        detail: String(reason),
      });
    }
  }
}

/** Drops this many bytes at the beginning. */
export function skipping(bytes: number): TransformStream<Uint8Array, Uint8Array> {
  let left = bytes;
  return new TransformStream({
    transform(chunk, controller) {
      const skipped = Math.min(left, chunk.length);
      left -= skipped;
      if (skipped < chunk.length) controller.enqueue(chunk.subarray(skipped));
    },
  });
}

/** Not every browser's streams are asynchronous iterables (Safari's were not in 2025). */
async function* chunksOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** The SHA-256 in hexadecimal, by the platform's WebCrypto. */
export async function sha256Of(bytes: ArrayBuffer | Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** @throws ProblemError `digest-mismatch`. */
export async function checkDigest(bytes: Uint8Array<ArrayBuffer>, sha256: string): Promise<void> {
  const found = await sha256Of(bytes);
  if (found === sha256) return;
  throw new ProblemError({
    code: 'digest-mismatch',
    status: 0,
    title: 'The bytes differ from those that the depot named',
    detail: `they have SHA-256 ${found} instead of ${sha256}`,
  });
}

function tooLong(size: number): ProblemError {
  return new ProblemError({
    code: 'digest-mismatch',
    status: 0,
    title: 'The bytes differ from those that the depot named',
    detail: `there are more than ${size} bytes`,
  });
}
