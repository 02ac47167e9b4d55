import { randomUUID } from 'node:crypto';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import parseRange from 'range-parser';
import { problem, PROBLEM_MEDIA_TYPE } from '@btf-depot/contracts';
import { READABLE_ELSEWHERE } from './cors.ts';

export interface BlobAnswer {
  bytes: Buffer;
  sha256: string;
  mediaType: string;
  /** By its hash a blob never changes; by its name it may with the next revision. */
  immutable: boolean;
  /** Content-Encoding of the bytes. */
  encoding?: string;
  /** Request headers that the choice of these bytes depended on. */
  vary?: string;
  /** More headers. */
  headers?: OutgoingHttpHeaders;
}

/** Who asks for more ranges than these gets the whole (RFC 9110, 14.2 allows it). */
const MAX_RANGES = 16;

interface Part {
  start: number;
  /** The last byte. */
  end: number;
}

/** Answers GET or HEAD with a blob: conditional and range requests as in RFC 9110. */
export function sendBlob(
  request: IncomingMessage,
  response: ServerResponse,
  answer: BlobAnswer,
): void {
  const { bytes, sha256, mediaType, immutable, encoding, vary } = answer;
  const etag = `"${sha256}"`;
  const headers: OutgoingHttpHeaders = {
    ETag: etag,
    'Cache-Control': immutable ? 'public, max-age=31536000, immutable' : 'public, no-cache',
    'Accept-Ranges': 'bytes',
    ...READABLE_ELSEWHERE,
    ...(vary !== undefined && { Vary: vary }),
    ...answer.headers,
  };
  if (matches(request.headers['if-none-match'], etag)) {
    response.writeHead(304, headers).end();
    return;
  }
  const parts = partsOf(request, bytes.length, etag);
  if (parts === 'outside') {
    const body = problem('range-not-satisfiable', `the artifact has ${bytes.length} bytes`);
    headers['Content-Range'] = `bytes */${bytes.length}`;
    headers['Content-Type'] = PROBLEM_MEDIA_TYPE;
    response.writeHead(body.status, headers).end(JSON.stringify(body));
    return;
  }
  if (encoding !== undefined) headers['Content-Encoding'] = encoding;
  headers['Content-Type'] = mediaType;
  const isHead = request.method === 'HEAD';
  if (parts && parts.length > 1) {
    sendParts(response, headers, { bytes, mediaType, parts, isHead });
    return;
  }
  const part = parts?.[0];
  const sent = part ? bytes.subarray(part.start, part.end + 1) : bytes;
  if (part) headers['Content-Range'] = contentRange(part, bytes.length);
  headers['Content-Length'] = sent.length;
  response.writeHead(part ? 206 : 200, headers);
  response.end(isHead ? undefined : sent);
}

/** Several ranges: `multipart/byteranges`, RFC 9110, 14.6. */
function sendParts(
  response: ServerResponse,
  headers: OutgoingHttpHeaders,
  {
    bytes,
    mediaType,
    parts,
    isHead,
  }: { bytes: Buffer; mediaType: string; parts: readonly Part[]; isHead: boolean },
): void {
  const boundary = randomUUID();
  const pieces = parts.flatMap((part) => [
    Buffer.from(
      `\r\n--${boundary}\r\nContent-Type: ${mediaType}\r\n` +
        `Content-Range: ${contentRange(part, bytes.length)}\r\n\r\n`,
    ),
    bytes.subarray(part.start, part.end + 1),
  ]);
  pieces.push(Buffer.from(`\r\n--${boundary}--\r\n`));
  headers['Content-Type'] = `multipart/byteranges; boundary=${boundary}`;
  headers['Content-Length'] = pieces.reduce((sum, { length }) => sum + length, 0);
  response.writeHead(206, headers);
  response.end(isHead ? undefined : Buffer.concat(pieces));
}

function contentRange({ start, end }: Part, size: number): string {
  return `bytes ${start}-${end}/${size}`;
}

function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((given) => {
    const tag = given.trim().replace(/^W\//, '');
    return tag === '*' || tag === etag;
  });
}

/**
 * The ranges that are asked for, those that touch each other as one. Undefined where the whole is
 * to be sent: no range, too many, a malformed one, or an `If-Range` that another revision answered.
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
  const ranges = parseRange(size, range, { combine: true });
  if (ranges === -1) return 'outside';
  if (ranges === -2 || ranges.type !== 'bytes' || ranges.length > MAX_RANGES) return undefined;
  return ranges;
}
