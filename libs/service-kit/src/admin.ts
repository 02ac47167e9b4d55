import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type RequestHandler, type Router } from 'express';
import { foreignPage, type PageRules } from './foreign-pages.ts';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics/metrics.ts';
import { sendProblem } from './problems.ts';
import type { commonSettings } from './settings/common.ts';
import type { Settings } from './settings/declare.ts';

const HERE: PageRules = { allowedHosts: [], onlyHere: true };

export interface AdminOptions {
  metrics: Metrics;
  log: Logger;
  /** What the service shows to operators beyond its metrics. */
  router?: Router | undefined;
}

/**
 * A listener for operators on a port of its own, if the settings name one: `/metrics`, …
 * On loopback always: it asks nobody who they are.
 */
export async function startAdmin(
  { BTFDEPOT_ADMIN_PORT: port }: Pick<Settings<typeof commonSettings>, 'BTFDEPOT_ADMIN_PORT'>,
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
