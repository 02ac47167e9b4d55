import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import parseRange from 'range-parser';
import { problem, PROBLEM_MEDIA_TYPE } from '@btf-depot/contracts';

export interface BlobAnswer {
  bytes: Buffer;
  sha256: string;
  mediaType: string;
  /** By its hash a blob never changes; by its name it may with the next revision. */
  immutable: boolean;
  /** Request headers that the choice of these bytes depended on. */
  vary?: string;
}

/** Answers GET or HEAD with a blob: conditional and range requests as in RFC 9110. */
export function sendBlob(
  request: IncomingMessage,
  response: ServerResponse,
  { bytes, sha256, mediaType, immutable, vary }: BlobAnswer,
): void {
  const etag = `"${sha256}"`;
  const headers: OutgoingHttpHeaders = {
    ETag: etag,
    'Cache-Control': immutable ? 'public, max-age=31536000, immutable' : 'public, no-cache',
    'Accept-Ranges': 'bytes',
    ...(vary !== undefined && { Vary: vary }),
  };
  if (matches(request.headers['if-none-match'], etag)) {
    response.writeHead(304, headers).end();
    return;
  }
  headers['Content-Type'] = mediaType;
  const part = rangeOf(request, bytes.length, etag);
  if (part === 'outside') {
    const body = problem('range-not-satisfiable', `the artifact has ${bytes.length} bytes`);
    headers['Content-Range'] = `bytes */${bytes.length}`;
    headers['Content-Type'] = PROBLEM_MEDIA_TYPE;
    response.writeHead(body.status, headers).end(JSON.stringify(body));
    return;
  }
  const sent = part ? bytes.subarray(part.start, part.end + 1) : bytes;
  if (part) headers['Content-Range'] = `bytes ${part.start}-${part.end}/${bytes.length}`;
  headers['Content-Length'] = sent.length;
  response.writeHead(part ? 206 : 200, headers);
  response.end(request.method === 'HEAD' ? undefined : sent);
}

function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((given) => {
    const tag = given.trim().replace(/^W\//, '');
    return tag === '*' || tag === etag;
  });
}

/**
 * The one range that is asked for. Undefined where the whole is to be sent: no range, several,
 * a malformed one, or an `If-Range` that another revision answered.
 */
function rangeOf(
  { headers }: IncomingMessage,
  size: number,
  etag: string,
): { start: number; end: number } | 'outside' | undefined {
  const { range } = headers;
  if (range === undefined) return undefined;
  const ifRange = headers['if-range'];
  if (ifRange !== undefined && ifRange !== etag) return undefined;
  const ranges = parseRange(size, range, { combine: true });
  if (ranges === -1) return 'outside';
  if (ranges === -2 || ranges.type !== 'bytes' || ranges.length !== 1) return undefined;
  return ranges[0];
}
