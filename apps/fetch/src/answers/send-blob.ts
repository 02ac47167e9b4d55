import { randomUUID } from 'node:crypto';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import parseRange from 'range-parser';
import { problem, PROBLEM_MEDIA_TYPE, type ProblemCode } from '@btf-depot/contracts';
import type { AddressedRequest, Metrics } from '@btf-depot/service-kit';
import type { ColdBlob } from '../blobs/cold-blob.ts';
import type { HeldMemory } from '../blobs/held-memory.ts';
import { sendBytes, type Piece } from '../blobs/send-bytes.ts';
import { READABLE_ELSEWHERE } from '../routes/cors.ts';

/** An answer without its bytes. */
export interface KnownAnswer {
  /** Where the bytes count until readers have taken them; by default, with the blobs. */
  held?: HeldMemory;
  sha256: string;
  mediaType: string;
  /** A blob by hash never changes; one by name may change with the next revision. */
  immutable: boolean;
  /** Content-Encoding of the bytes. */
  encoding?: string;
  /** Request headers that the choice of these bytes depended on. */
  vary?: string;
  /** More headers. */
  headers?: OutgoingHttpHeaders;
  /** The answer must be complete or an error: its reader misinterprets a cut one. */
  neverCut?: boolean | undefined;
}

export interface BlobAnswer extends KnownAnswer {
  /** A streamed blob is closed when it was sent, or need not be sent. */
  bytes: Buffer | ColdBlob;
}

/** Requests for more ranges get the whole (RFC 9110, 14.2 allows it). */
const MAX_RANGES = 16;

interface Part {
  start: number;
  /** The last byte. */
  end: number;
}

/**
 * Answers GET or HEAD with a blob: conditional and range requests as in RFC 9110. A blob in memory
 * is written at once. For a streamed blob, the hash is verified before the head is sent; a large
 * one is cut at the end if its hash is wrong.
 * @returns a promise if the blob is streamed.
 * @throws DepotError `busy` if slow readers, or this client, hold too much memory; `damaged-blob`,
 *   `store-unavailable`.
 */
export type SendBlob = (
  request: AddressedRequest,
  response: ServerResponse<AddressedRequest>,
  answer: BlobAnswer,
) => Promise<void> | undefined;

/**
 * @param blobsHeld counts bytes of blobs that slow readers have not taken yet.
 * @param metrics counts sent bytes.
 */
export function blobSender(blobsHeld: HeldMemory, metrics?: Metrics): SendBlob {
  return (request, response, answer) => {
    const { bytes, held = blobsHeld } = answer;
    const isHead = request.method === 'HEAD';
    if (!isHead) answer.held?.admit(bytes, request);
    const plan = planAnswer(request, answer);
    const send = () => {
      const { status, headers, body } = plan;
      response.writeHead(status, headers);
      if (Array.isArray(body) && !isHead) {
        metrics?.sent(Buffer.isBuffer(bytes) ? 'memory' : 'store', sizeOf(body));
        sendBytes(response, bytes, body, held);
        return;
      }
      response.end(Buffer.isBuffer(body) && !isHead ? body : undefined);
      if (!Buffer.isBuffer(bytes)) bytes.close();
    };
    if (Buffer.isBuffer(bytes)) {
      send();
      return undefined;
    }
    // An answer without bytes cannot be cut either.
    const sound = whenSound(bytes, plan, answer.neverCut !== true && !isHead);
    return sendWhenSound(response, bytes, sound, send);
  };
}

async function sendWhenSound(
  response: ServerResponse,
  blob: ColdBlob,
  sound: Promise<void>,
  send: () => void,
): Promise<void> {
  const close = () => blob.close();
  response.once('close', close);
  try {
    await sound;
  } catch (error) {
    close();
    if (!response.destroyed) throw error;
  } finally {
    response.off('close', close);
  }
  if (!response.destroyed) send();
}

/**
 * The length, too, is only certain once the hash is right; that the client's copy is current is
 * certain before.
 */
async function whenSound(blob: ColdBlob, { status, body }: Plan, mayCut: boolean): Promise<void> {
  if (status === 304 || status === 412) return;
  const pieces = (Array.isArray(body) ? body : []) as readonly Piece[];
  const parts = pieces.filter((piece): piece is Exclude<Piece, Buffer> => !Buffer.isBuffer(piece));
  const [only] = parts;
  const { start, end } = parts.length === 1 && only ? only : { start: 0, end: blob.length };
  await blob.prepare(start, end, mayCut && parts.length === 1);
}

function sizeOf(pieces: readonly Piece[]): number {
  return pieces.reduce(
    (sum, piece) => sum + (Buffer.isBuffer(piece) ? piece.length : piece.end - piece.start),
    0,
  );
}

/** An answer of which nothing is sent yet. */
interface Plan {
  status: number;
  headers: OutgoingHttpHeaders;
  /** Pieces of the blob, or bytes of a problem answer. */
  body: readonly Piece[] | Buffer | undefined;
}

function planAnswer(
  request: IncomingMessage,
  { bytes, sha256, mediaType, immutable, encoding, vary, ...answer }: BlobAnswer,
): Plan {
  const { length } = bytes;
  const etag = `"${sha256}"`;
  const headers: OutgoingHttpHeaders = {
    ETag: etag,
    'Cache-Control': immutable ? 'public, max-age=31536000, immutable' : 'public, no-cache',
    'Accept-Ranges': 'bytes',
    ...READABLE_ELSEWHERE,
  };
  if (vary !== undefined) headers.Vary = vary;
  Object.assign(headers, answer.headers);
  const ifMatch = request.headers['if-match'];
  // The strong comparison of RFC 9110, 13.1.1: a weak tag is never the same.
  if (ifMatch !== undefined && !tagsOf(ifMatch).some((tag) => tag === '*' || tag === etag)) {
    return refusal(headers, 'not-matching', `the artifact is ${etag} now`);
  }
  if (matches(request.headers['if-none-match'], etag)) {
    return { status: 304, headers, body: undefined };
  }
  const asked = partsOf(request, length, etag);
  if (asked === 'outside') {
    headers['Content-Range'] = `bytes */${length}`;
    return refusal(headers, 'range-not-satisfiable', `the artifact has ${length} bytes`);
  }
  const isTooMany = asked && asked.length > 1 && !Buffer.isBuffer(bytes) && !bytes.inParts;
  const parts = isTooMany ? undefined : asked;
  if (encoding !== undefined) headers['Content-Encoding'] = encoding;
  headers['Content-Type'] = mediaType;
  const body =
    parts && parts.length > 1
      ? byteRanges(headers, parts, { length, mediaType })
      : onePart(headers, parts?.[0], length);
  return { status: parts ? 206 : 200, headers, body };
}

function refusal(headers: OutgoingHttpHeaders, code: ProblemCode, detail: string): Plan {
  const body = problem(code, detail);
  headers['Content-Type'] = PROBLEM_MEDIA_TYPE;
  return { status: body.status, headers, body: Buffer.from(JSON.stringify(body)) };
}

function onePart(headers: OutgoingHttpHeaders, part: Part | undefined, length: number): Piece[] {
  const { start, end } = part ?? { start: 0, end: length - 1 };
  if (part) headers['Content-Range'] = contentRange(part, length);
  headers['Content-Length'] = end + 1 - start;
  return [{ start, end: end + 1 }];
}

/** Several ranges: `multipart/byteranges`, RFC 9110, 14.6. */
function byteRanges(
  headers: OutgoingHttpHeaders,
  parts: readonly Part[],
  { length, mediaType }: { length: number; mediaType: string },
): Piece[] {
  const boundary = randomUUID();
  const pieces: Piece[] = [];
  let size = 0;
  const add = (text: string) => {
    const bytes = Buffer.from(text);
    pieces.push(bytes);
    size += bytes.length;
  };
  for (const part of parts) {
    const range = contentRange(part, length);
    add(`\r\n--${boundary}\r\nContent-Type: ${mediaType}\r\nContent-Range: ${range}\r\n\r\n`);
    pieces.push({ start: part.start, end: part.end + 1 });
    size += part.end + 1 - part.start;
  }
  add(`\r\n--${boundary}--\r\n`);
  headers['Content-Type'] = `multipart/byteranges; boundary=${boundary}`;
  headers['Content-Length'] = size;
  return pieces;
}

function contentRange({ start, end }: Part, size: number): string {
  return `bytes ${start}-${end}/${size}`;
}

function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return tagsOf(header).some((given) => {
    const tag = given.replace(/^W\//, '');
    return tag === '*' || tag === etag;
  });
}

function tagsOf(header: string): string[] {
  return header.split(',').map((tag) => tag.trim());
}

/**
 * The requested ranges, adjacent ones joined. Undefined if the whole is to be sent: no range, too
 * many, a malformed one, or an `If-Range` of another revision.
 */
function partsOf(
  { headers }: IncomingMessage,
  size: number,
  etag: string,
): readonly Part[] | 'outside' | undefined {
  const { range } = headers;
  if (range === undefined || range.length > 32 * MAX_RANGES) return undefined;
  const ifRange = headers['if-range'];
  if (ifRange !== undefined && ifRange !== etag) return undefined;
  const ranges = parseRange(size, withinSize(range, size), { combine: true });
  if (ranges === -1) return 'outside';
  if (ranges === -2 || ranges.type !== 'bytes' || ranges.length > MAX_RANGES) return undefined;
  return ranges;
}

/** A suffix longer than the blob is the whole blob (RFC 9110, 14.1.2). */
function withinSize(range: string, size: number): string {
  return range.replace(/(?<=[=,]\s*)-(\d+)(?=\s*(?:,|$))/g, (_whole, last: string) =>
    Number(last) > size ? `-${size}` : `-${last}`,
  );
}
