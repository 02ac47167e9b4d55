import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { problem, PROBLEM_MEDIA_TYPE } from '@btf-depot/contracts';
import { HEALTH_ROUTES, pathOfAny } from '@btf-depot/contracts/routes';
import express, { type Express, type Request, type RequestHandler, type Router } from 'express';
import { DepotError, type TokenGuard } from '@btf-depot/depot';
import { addressedRequests, type AddressedRequest } from './addressed-request.ts';
import { commonHeaders } from './common-headers.ts';
import { foreignPage, PUBLIC_PAGES, type PageRules } from './foreign-pages.ts';
import type { Logger } from '../logger.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { letReader } from './private-reading.ts';
import { ReadinessChecks, type Checks } from '../readiness.ts';
import { refuseAhead } from './refuse-ahead.ts';
import { serveRoutes } from './serve-routes.ts';
import { SettingsError } from '../settings/declare.ts';
import { problemHandler, sendProblem, unanswered } from './problems.ts';

export interface HttpServiceOptions {
  host: string;
  /** 0: any free port. */
  port: number;
  log: Logger;
  /** Absent: the service only answers health checks. */
  router?: Router;
  /**
   * Answers what it can ahead of Express and its middleware, with `commonHeaders`; false: Express
   * answers, which it may also find out later and call `next`. For answers that cost less than the
   * middleware.
   */
  hot?: (
    request: AddressedRequest,
    response: ServerResponse<AddressedRequest>,
    next: () => void,
  ) => boolean;
  /** Paths on which a refusal does harm: refused with the least harmful code. */
  finishes?: (path: string) => boolean;
  /** Called for every problem answer. */
  metrics?: Metrics;
  /** Absent: anybody may read. */
  readers?: TokenGuard | undefined;
  /** Paths that never need a token: those that explain how to send one. */
  open?: (path: string) => boolean;
  /** Rules for pages of browsers; absent: those of other origins may read. */
  pages?: PageRules;
  /** POSTs that change nothing, by path: questions that are too long for a URL. */
  reads?: (path: string) => boolean;
  /** For `/readyz`, and the metrics. */
  checks: Checks;
  /** Proxies that are trusted about the client's address (Express, `trust proxy`). */
  trustedProxies?: readonly string[];
  limits?: Partial<ConnectionLimits>;
  /** Duration of `drain`, in milliseconds. */
  drainMs?: number;
  /** Milliseconds that running requests may take after `close`; then they are cut. */
  graceMs?: number;
  /** Ends requests that `close` waited for in vain with an answer, before they are cut. */
  onLate?: (reason: DepotError) => void;
}

interface ConnectionLimits {
  /** Most connections at one time; more are closed as they come. */
  connections: number;
  /** Milliseconds that a connection may take for the head of its first request. */
  head: number;
}

/** An idle connection takes some kilobytes, so all of these take less than one kernel. */
const CONNECTION_LIMITS: ConnectionLimits = { connections: 10_000, head: 15_000 };

export interface HttpService {
  /** `http://host:port`, the port that was bound. */
  url: string;
  /**
   * Reports that it is not ready, and serves for `drainMs`, while balancers notice. Each connection
   * ends with its next answer, so that its client opens the next one elsewhere.
   */
  drain: () => Promise<void>;
  /** Takes no new connection, lets running requests finish, and closes. */
  close(): Promise<void>;
}

const isHealth = pathOfAny(Object.values(HEALTH_ROUTES));
const READING_METHODS = ['GET', 'HEAD', 'OPTIONS'];

/** Milliseconds for the answers that `onLate` causes. */
const LATE_ANSWERS = 1000;

/** Binds an HTTP service: health, request ids and problem answers around the given routes. */
export async function startHttpService(options: HttpServiceOptions): Promise<HttpService> {
  const { log, hot } = options;
  const readiness = new ReadinessChecks(options.checks);
  options.metrics?.watchReadiness(readiness);
  let leaving = false;
  let stopping = false;
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  trustProxies(app, options.trustedProxies ?? []);
  app.locals.isStopping = () => stopping;
  app.use(identifyRequest);
  app.use((request, response, next) => {
    const started = performance.now();
    response.locals.onRefusal = (code: string) => options.metrics?.refused(code);
    response.once('finish', () => {
      options.metrics?.answered(request.method, response.statusCode, performance.now() - started);
    });
    next();
  });
  app.use(
    serveRoutes(HEALTH_ROUTES, {
      healthz: ({ response }) => response.json({ status: 'ok' }),
      async readyz({ response }) {
        if (leaving) {
          // At once: the drain is short, and a balancer that waits for checks sends on meanwhile.
          response.status(503).json({ status: 'stopping', failing: {}, degraded: {} });
          return;
        }
        const { failing, degraded } = await readiness.look();
        const ready = Object.keys(failing).length === 0;
        const status = ready ? 'ready' : 'not ready';
        response.status(ready ? 200 : 503).json({ status, failing, degraded });
      },
    }),
  );
  app.use((request, response, next) => {
    // Late requests come from connections that were busy. Answering a read takes no longer than
    // refusing it.
    if (!stopping || isReading(options, request.method, request.path)) next();
    else sendProblem(response, 'shutting-down', 'the service is stopping; retry with another one');
  });
  if (options.router) app.use(options.router);
  app.use(unanswered);
  app.use(problemHandler(log));

  const serve = (request: AddressedRequest, response: ServerResponse<AddressedRequest>) => {
    const next = () => void app(request, response);
    if (!hot?.(request, response, next)) next();
  };
  const limits = { ...CONNECTION_LIMITS, ...options.limits };
  const serverOptions = {
    IncomingMessage: addressedRequests(app),
    // No time limit for uploads: their own rule ends stalled senders.
    requestTimeout: 0,
    headersTimeout: limits.head,
    connectionsCheckingInterval: limits.head / 4,
  };
  const server = createServer(serverOptions, (request, response) => {
    const { readers, open } = options;
    // For every answer, including those that bypass Express.
    if (leaving) response.shouldKeepAlive = false;
    const [path = ''] = (request.url ?? '').split('?');
    if (isHealth(path)) {
      serve(request, response);
      return;
    }
    const foreign = foreignIn(options, request, path);
    if (foreign) {
      const { code, detail } = foreign;
      log.info({ method: request.method, path, code, detail }, 'refused');
      options.metrics?.refused(code);
      // If a status does harm, the least harmful one.
      refuseAhead(request, response, options.finishes?.(path) ? 'not-now' : code, detail);
      return;
    }
    if (!readers || open?.(path)) {
      serve(request, response);
      return;
    }
    letReader(readers, request, response).then(
      (isLet) => isLet && serve(request, response),
      (error: unknown) => {
        const headers = commonHeaders(request);
        log.error({ requestId: headers['X-Request-Id'], err: error }, 'tokens cannot be read');
        response.writeHead(503, { ...headers, 'Retry-After': '2' }).end();
      },
    );
  });
  server.maxConnections = limits.connections;
  server.on('clientError', refuseConnection);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const { address, family, port } = server.address() as AddressInfo;
  const url = `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  log.info({ url }, 'listening');
  const drain = async () => {
    leaving = true;
    await sleep(options.drainMs ?? 0);
  };
  const close = async () => {
    leaving = stopping = true;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    const { graceMs = 30_000, onLate } = options;
    const late = sleep(graceMs, 'late', { ref: false });
    if ((await Promise.race([closed, late])) === 'late' && onLate) {
      onLate(
        new DepotError(
          'shutting-down',
          'the service stopped before the upload ended; send it again',
        ),
      );
      await Promise.race([closed, sleep(LATE_ANSWERS, undefined, { ref: false })]);
    }
    server.closeAllConnections();
    await closed;
  };
  return { url, drain, close };
}

function isReading({ reads }: HttpServiceOptions, method: string, path: string): boolean {
  return READING_METHODS.includes(method) || (method === 'POST' && reads?.(path) === true);
}

function foreignIn(
  options: HttpServiceOptions,
  { method = '', headers }: AddressedRequest,
  path: string,
) {
  const reads = isReading(options, method, path);
  return foreignPage({ method, headers, reads }, options.pages ?? PUBLIC_PAGES);
}

/** Whether the answering service is leaving: endless answers should end. */
export function isStopping(request: Request): boolean {
  const { isStopping: ask } = request.app.locals as { isStopping?: () => boolean };
  return ask?.() ?? false;
}

/** Requests that Node's parser refuses never reach a handler; they get a problem answer too. */
function refuseConnection(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const tooLarge = error.code === 'HPE_HEADER_OVERFLOW';
  const [status, reason] = tooLarge
    ? [431, 'Request Header Fields Too Large']
    : [400, 'Bad Request'];
  const body = JSON.stringify({ ...problem('bad-request', error.message), status });
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\nConnection: close\r\nContent-Type: ${PROBLEM_MEDIA_TYPE}\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

function trustProxies(app: Express, proxies: readonly string[]): void {
  try {
    app.set('trust proxy', proxies.length > 0 ? [...proxies] : false);
  } catch (error) {
    throw new SettingsError(`BTFDEPOT_TRUSTED_PROXIES: ${String(error)}`, { cause: error });
  }
}

const identifyRequest: RequestHandler = (request, response, next) => {
  const headers = commonHeaders(request);
  response.locals.requestId = headers['X-Request-Id'];
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  next();
};
