import type { IncomingMessage, ServerResponse } from 'node:http';
import { problem, PROBLEM_MEDIA_TYPE, type ProblemCode } from '@btf-depot/contracts';
import { commonHeaders } from './common-headers.ts';

/** Milliseconds until a refused sender's connection is cut: it, too, may be on a busy machine. */
const LINGER_MS = 5000;

/** Answers with a problem ahead of Express, and stops reading the request. */
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
 * A refused upload is not read to its end. Its connection stays open for a moment, so that the
 * sender gets the answer and not a reset.
 */
export function stopReading(request: IncomingMessage, response: ServerResponse): void {
  if (request.complete) return;
  // If we closed the connection with the answer, a sender that still sends would get a reset.
  if (request.headers.connection?.toLowerCase() !== 'close') response.shouldKeepAlive = true;
  response.once('finish', () => {
    setTimeout(() => {
      // A request without a body, or with a short one, is complete by now, and its connection is
      // kept.
      if (!request.complete) request.destroy();
    }, LINGER_MS).unref();
  });
}
