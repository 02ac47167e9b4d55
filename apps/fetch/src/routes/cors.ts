import { pathOfAny, ROUTES } from '@btf-depot/contracts/routes';
import type { RequestHandler } from 'express';

/** Pages of any origin may read what everybody may read (fetch.spec.whatwg.org, 3.3). */
export const READABLE_ELSEWHERE = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers':
    'ETag, Link, Content-Range, Accept-Ranges, Retry-After, X-Request-Id, X-DEBUGINFOD-SIZE',
} as const;

const PREFLIGHT = {
  ...READABLE_ELSEWHERE,
  'Access-Control-Allow-Methods': 'GET, HEAD, POST',
  'Access-Control-Allow-Headers': 'Content-Type, Range, If-Range, If-Match, If-None-Match',
  'Access-Control-Max-Age': '86400',
} as const;

/** POSTs that change nothing, by their path: questions that are too long for a URL. */
export const isLongQuestion = pathOfAny(ROUTES.filter(({ reads }) => reads));

/**
 * Lets pages read, and asks nothing of the browser's user: no answer depends on who asks. What is
 * not reading (uploads, in the same process) stays closed to other origins.
 */
export const readableElsewhere: RequestHandler = (request, response, next) => {
  if (request.method === 'OPTIONS') {
    response.writeHead(204, PREFLIGHT).end();
    return;
  }
  const { method, path } = request;
  if (method === 'GET' || method === 'HEAD' || (method === 'POST' && isLongQuestion(path))) {
    for (const [name, value] of Object.entries(READABLE_ELSEWHERE)) response.setHeader(name, value);
  }
  next();
};
