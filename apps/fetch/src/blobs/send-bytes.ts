import type { ServerResponse } from 'node:http';
import type { ColdBlob } from './cold-blob.ts';
import { endWhenStalled, type HeldMemory } from './held-memory.ts';

/** A piece of a body: bytes of our own, or a part of the blob. */
export type Piece = Buffer | { start: number; end: number };

/** Writes the body of an answer whose head is written; whoever reads slowly is waited for. */
export function sendBytes(
  response: ServerResponse,
  blob: Buffer | ColdBlob,
  pieces: readonly Piece[],
  held: HeldMemory,
): void {
  if (!Buffer.isBuffer(blob)) {
    void sendCold(response, blob, pieces);
    return;
  }
  const [last] = pieces.slice(-1);
  for (const piece of pieces) {
    const bytes = Buffer.isBuffer(piece) ? piece : blob.subarray(piece.start, piece.end);
    if (piece === last) response.end(bytes);
    else response.write(bytes);
  }
  held.holdWhileSent(blob, response);
}

async function sendCold(
  response: ServerResponse,
  blob: ColdBlob,
  pieces: readonly Piece[],
): Promise<void> {
  endWhenStalled(response);
  const close = () => blob.close();
  response.once('close', close);
  try {
    for (const piece of pieces) {
      const chunks = Buffer.isBuffer(piece) ? [piece] : blob.read(piece.start, piece.end);
      for await (const chunk of chunks) {
        if (!response.write(chunk)) await drained(response);
        if (response.destroyed) return;
      }
    }
    response.end();
  } catch {
    // The head said how much there is: a connection that ends early says that it was not all.
    response.destroy();
  } finally {
    response.off('close', close);
    blob.close();
  }
}

/** Resolves when there is room for more, or nobody wants more. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.once('drain', done);
    response.once('close', done);
  });
}
