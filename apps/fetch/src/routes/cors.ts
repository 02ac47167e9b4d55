import { pathOfAny, ROUTES } from '@btf-depot/contracts/routes';
import type { RequestHandler } from 'express';

/** Pages of any origin may read public answers (fetch.spec.whatwg.org, 3.3). */
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

/** POSTs that change nothing, by path: questions that are too long for a URL. */
export const isLongQuestion = pathOfAny(ROUTES.filter(({ reads }) => reads));

/**
 * Lets pages read without credentials: no answer depends on the user. Changes (uploads, in the same
 * process) stay closed to other origins.
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
