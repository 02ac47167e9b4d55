import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type RequestHandler, type Router } from 'express';
import { foreignPage, type PageRules } from './foreign-pages.ts';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics/metrics.ts';
import { sendProblem } from './problems.ts';
import { wholeNumber, type Settings } from './settings.ts';

export const adminSettings = {
  /** Where operators look; without, nowhere. On loopback always: it asks nobody who they are. */
  BTFDEPOT_ADMIN_PORT: wholeNumber(0, 65535).optional(),
};

const HERE: PageRules = { allowedHosts: [], onlyHere: true };

export interface AdminOptions {
  metrics: Metrics;
  log: Logger;
  /** What the service shows to operators beyond its metrics. */
  router?: Router;
}

/** A listener for operators on a port of its own, where the settings name one: `/metrics`, … */
export async function startAdmin(
  { BTFDEPOT_ADMIN_PORT: port }: Settings<typeof adminSettings>,
  { metrics, log, router }: AdminOptions,
): Promise<{ close(): Promise<void> }> {
  if (port === undefined) return { close: () => Promise.resolve() };
  metrics.watchProcess();
  const { registry } = metrics;
  const app = express();
  app.disable('x-powered-by');
  app.use(onlyFromHere);
  app.get('/metrics', async (_request, response) => {
    const text = await registry.metrics();
    response.setHeader('Content-Type', registry.contentType);
    response.end(text);
  });
  if (router) app.use(router);
  const server = createServer(app);
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  log.info({ admin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }, 'admin');
  return {
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** As the service itself without tokens, but under no other name: it is for this machine alone. */
const onlyFromHere: RequestHandler = ({ method, headers }, response, next) => {
  const foreign = foreignPage({ method, headers, reads: false }, HERE);
  if (!foreign) next();
  else sendProblem(response, foreign.code, foreign.detail);
};
