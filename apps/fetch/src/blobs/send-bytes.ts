import type { ServerResponse } from 'node:http';
import type { AddressedRequest } from '@btf-depot/service-kit';
import type { ColdBlob } from './cold-blob.ts';
import { endWhenStalled, type HeldMemory } from './held-memory.ts';

/** A piece of a body: our own bytes, or a part of the blob. */
export type Piece = Buffer | { start: number; end: number };

/**
 * Bytes in memory that are written whole; more are written in parts, which show the reader's
 * progress.
 */
const AT_ONCE = 1024 * 1024;
const PART = 256 * 1024;

interface Sendable {
  read(start: number, end: number): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  close(): void;
}

/** Writes the body of an answer whose head is written, and waits for slow readers. */
export function sendBytes(
  response: ServerResponse<AddressedRequest>,
  blob: Buffer | ColdBlob,
  pieces: readonly Piece[],
  held: HeldMemory,
): void {
  if (!Buffer.isBuffer(blob)) {
    void sendParts(response, blob, pieces, held);
    return;
  }
  if (blob.length > AT_ONCE) {
    held.holdWhileSent(blob, response);
    const parts = (start: number, end: number) => inParts(blob.subarray(start, end));
    void sendParts(response, { read: parts, close: () => undefined }, pieces, held);
    return;
  }
  const [last] = pieces.slice(-1);
  for (const piece of pieces) {
    const bytes = Buffer.isBuffer(piece) ? piece : blob.subarray(piece.start, piece.end);
    if (piece === last) response.end(bytes);
    else response.write(bytes);
  }
  // The kernel's socket buffer takes most of them.
  if (response.writableLength > 0) held.holdWhileSent(blob, response);
}

/**
 * Sends a value made for this one answer, or its JSON.
 * @throws DepotError `busy` if slow readers hold all memory for answers.
 */
export function sendJson(
  response: ServerResponse<AddressedRequest>,
  body: object | Uint8Array,
  held: HeldMemory,
): void {
  const bytes =
    body instanceof Uint8Array
      ? Buffer.from(body.buffer, body.byteOffset, body.byteLength)
      : Buffer.from(JSON.stringify(body));
  held.admit(bytes, response.req);
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.setHeader('Content-Length', bytes.length);
  sendBytes(response, bytes, [{ start: 0, end: bytes.length }], held);
}

function* inParts(bytes: Buffer): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += PART) yield bytes.subarray(at, at + PART);
}

async function sendParts(
  response: ServerResponse<AddressedRequest>,
  blob: Sendable,
  pieces: readonly Piece[],
  held: HeldMemory,
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
        held.taken(response);
      }
    }
    response.end();
  } catch {
    // The head has the length: a connection that ends early shows that bytes are missing.
    response.destroy();
  } finally {
    response.off('close', close);
    blob.close();
  }
}

/** Resolves when there is room for more, or the reader is gone. */
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
