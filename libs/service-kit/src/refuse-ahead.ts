import type { IncomingMessage, ServerResponse } from 'node:http';
import { problem, PROBLEM_MEDIA_TYPE, type ProblemCode } from '@btf-depot/contracts';
import { commonHeaders } from './common-headers.ts';

/** How long a refused sender may go on before its connection is cut, in milliseconds. */
const LINGER_MS = 1000;

/** Answers with a problem ahead of Express, and reads no more of the request. */
export function refuseAhead(
  request: IncomingMessage,
  response: ServerResponse,
  code: ProblemCode,
  detail: string,
): void {
  const headers = commonHeaders(request);
  const body = problem(code, detail, headers['X-Request-Id']);
  const challenge = body.status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {};
  stopReading(request, response);
  response.writeHead(body.status, {
    ...headers,
    'Content-Type': PROBLEM_MEDIA_TYPE,
    'Cache-Control': 'no-store',
    ...challenge,
  });
  response.end(`${JSON.stringify(body)}\n`);
}

/**
 * A refused upload is not read to its end. Its connection is left open for a moment, so that the
 * sender meets the answer and not a reset.
 */
export function stopReading(request: IncomingMessage, response: ServerResponse): void {
  if (request.complete) return;
  // A connection that we end with this answer would be reset under a sender that still sends.
  if (request.headers.connection?.toLowerCase() !== 'close') response.shouldKeepAlive = true;
  response.once('finish', () => {
    setTimeout(() => {
      // What has no body, or a short one, is complete by now, and its connection is kept.
      if (!request.complete) request.destroy();
    }, LINGER_MS).unref();
  });
}
