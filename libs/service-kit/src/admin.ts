import { createHash, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type RequestHandler, type Router } from 'express';
import { foreignPage, type PageRules } from './http/foreign-pages.ts';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics/metrics.ts';
import { sendProblem } from './http/problems.ts';
import type { commonSettings } from './settings/common.ts';
import { SettingsError, type Settings } from './settings/declare.ts';
import { isLoopback } from './keys/tokens.ts';

const HERE: PageRules = { allowedHosts: [], onlyHere: true };

export interface AdminOptions {
  metrics: Metrics;
  log: Logger;
  /** Further pages for operators, besides metrics. */
  router?: Router | undefined;
}

type AdminSettings = Pick<
  Settings<typeof commonSettings>,
  'BTFDEPOT_ADMIN_PORT' | 'BTFDEPOT_ADMIN_HOST'
> & { BTFDEPOT_ADMIN_TOKEN?: string | undefined };

/**
 * A listener for operators on a separate port, if the settings name one: `/metrics`, … On loopback
 * it may work without a token.
 * @throws SettingsError if other machines could reach it without a token.
 */
export async function startAdmin(
  {
    BTFDEPOT_ADMIN_PORT: port,
    BTFDEPOT_ADMIN_HOST: host,
    BTFDEPOT_ADMIN_TOKEN: token,
  }: AdminSettings,
  { metrics, log, router }: AdminOptions,
): Promise<{ close(): Promise<void> }> {
  if (port === undefined) return { close: () => Promise.resolve() };
  if (token === undefined && !isLoopback(host)) {
    throw new SettingsError(
      `BTFDEPOT_ADMIN_HOST: other machines can reach ${host}; set BTFDEPOT_ADMIN_TOKEN`,
    );
  }
  metrics.watchProcess();
  const { registry } = metrics;
  const app = express();
  app.disable('x-powered-by');
  app.use(token === undefined ? onlyFromHere : onlyWith(token));
  app.get('/metrics', async (_request, response) => {
    const text = await registry.metrics();
    response.setHeader('Content-Type', registry.contentType);
    response.end(text);
  });
  if (router) app.use(router);
  const server = createServer(app);
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  log.info({ admin: `http://${name}:${address.port}` }, 'admin');
  return {
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** As the service itself without tokens, but under no other name: only for this machine. */
const onlyFromHere: RequestHandler = ({ method, headers }, response, next) => {
  const foreign = foreignPage({ method, headers, reads: false }, HERE);
  if (!foreign) next();
  else sendProblem(response, foreign.code, foreign.detail);
};

/** No page knows the token, so the origin of the request does not matter. */
function onlyWith(token: string): RequestHandler {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  const expected = digest(`Bearer ${token}`);
  return ({ headers }, response, next) => {
    if (timingSafeEqual(digest(headers.authorization ?? ''), expected)) next();
    else
      sendProblem(
        response,
        'unauthorized',
        'send Authorization: Bearer and the token of BTFDEPOT_ADMIN_TOKEN',
      );
  };
}
