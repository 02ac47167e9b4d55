import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from '../logger.ts';
import { wholeNumber, type Settings } from '../settings.ts';
import type { Metrics } from './metrics.ts';

export const adminSettings = {
  /** Where `/metrics` is; without, nowhere. On loopback always: it asks nobody who they are. */
  BTFDEPOT_ADMIN_PORT: wholeNumber(0, 65535).optional(),
};

/** Answers Prometheus on a port of its own, where the settings name one. */
export async function startAdmin(
  { BTFDEPOT_ADMIN_PORT: port }: Settings<typeof adminSettings>,
  metrics: Metrics,
  log: Logger,
): Promise<{ close(): Promise<void> }> {
  if (port === undefined) return { close: () => Promise.resolve() };
  metrics.watchProcess();
  const { registry } = metrics;
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    registry.metrics().then(
      (text) => response.writeHead(200, { 'Content-Type': registry.contentType }).end(text),
      (error: unknown) => {
        log.error({ err: error }, 'metrics');
        response.writeHead(500).end();
      },
    );
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  log.info({ admin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }, 'metrics');
  return {
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
