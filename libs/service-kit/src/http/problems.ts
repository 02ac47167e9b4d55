import {
  isProblemCode,
  problem,
  PROBLEM_MEDIA_TYPE,
  PROBLEMS,
  type ProblemCode,
} from '@btf-depot/contracts';
import { DepotError } from '@btf-depot/depot';
import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import type { Logger } from '../logger.ts';
import { RepeatedWarnings } from '../repeated-warnings.ts';

/** How long caches may keep a miss: an upload may end it at any time. */
const BRIEFLY = 'public, max-age=5';

/** Answers with `application/problem+json`; ends the request if something was written before. */
export function sendProblem(
  response: Response,
  code: ProblemCode,
  detail: string,
  members?: Readonly<Record<string, unknown>>,
): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.locals.problem = code;
  // Not when the answer is over, which it is before it began if its client is gone.
  const { onRefusal } = response.locals as { onRefusal?: (code: string) => void };
  onRefusal?.(code);
  const body = problem(code, detail, response.locals.requestId as string | undefined, members);
  const seconds = members?.retryAfter;
  if (typeof seconds === 'number') response.setHeader('Retry-After', String(seconds));
  else if (body.status === 503 || code === 'pending') response.setHeader('Retry-After', '2');
  else if (body.status === 429) response.setHeader('Retry-After', '60');
  if (body.status === 401) response.setHeader('WWW-Authenticate', 'Bearer');
  const cacheControl = body.status === 404 && code !== 'pending' ? BRIEFLY : 'no-store';
  response.status(body.status).setHeader('Cache-Control', cacheControl);
  response.setHeader('Content-Type', PROBLEM_MEDIA_TYPE);
  response.end(`${JSON.stringify(body)}\n`);
}

/**
 * For a route's other methods: later routes may answer them, perhaps of another service in the same
 * process; otherwise `unanswered` lists the path's methods.
 */
export function onlyMethods(allow: string): RequestHandler {
  return (_request, response, next) => {
    const allowed = allowedOf(response);
    for (const method of allow.split(', ')) allowed.add(method);
    response.locals.allowed = allowed;
    next();
  };
}

/** After all routes: 405 with the path's methods, or 404 for an unknown path. */
export const unanswered: RequestHandler = (request, response) => {
  const allow = [...allowedOf(response)].join(', ');
  const elsewhere = response.locals.elsewhere as string | undefined;
  const hint = elsewhere === undefined ? '' : `: ${elsewhere}`;
  if (allow === '') {
    sendProblem(response, 'not-found', `no route ${request.path}${hint}`);
    return;
  }
  response.setHeader('Allow', allow);
  sendProblem(response, 'method-not-allowed', `${request.method} is not one of ${allow}${hint}`);
};

function allowedOf({ locals }: Response): Set<string> {
  return (locals.allowed as Set<string> | undefined) ?? new Set();
}

/** The one place that turns errors into HTTP: by their code; any other is internal, and logged. */
export function problemHandler(log: Logger): ErrorRequestHandler {
  const warnings = new RepeatedWarnings(log);
  // Express knows error handlers by their four parameters.
  return (error: unknown, request, response, _next) => {
    const requestId = response.locals.requestId as string | undefined;
    const code = codeOf(error);
    const detail = error instanceof Error ? error.message : String(error);
    if (code === 'internal') {
      log.error({ requestId, method: request.method, path: request.path, err: error }, 'failed');
      sendProblem(response, code, 'the log of the service has the cause under this request ID');
      return;
    }
    const fields = { requestId, method: request.method, path: request.path, code };
    // An outage affects all requests: warn once.
    if (PROBLEMS[code].status === 503) warnings.warn(fields, 'refused', detail);
    else log.info({ ...fields, detail }, 'refused');
    sendProblem(response, code, detail, error instanceof DepotError ? error.members : undefined);
  };
}

function codeOf(error: unknown): ProblemCode {
  if (error instanceof DepotError) return error.code;
  if (error instanceof URIError) return 'bad-query';
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && isProblemCode(code) ? code : 'internal';
}
