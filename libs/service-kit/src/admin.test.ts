import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { Router } from 'express';
import { expect, test } from 'vitest';
import { startAdmin } from './admin.ts';
import { createLogger } from './logger.ts';
import { Metrics } from './metrics/metrics.ts';

const ON_LOOPBACK = { BTFDEPOT_ADMIN_PORT: 0, BTFDEPOT_ADMIN_HOST: '127.0.0.1' };

async function admin(router?: Router, token?: string) {
  const log = createLogger('test', 'silent');
  const said: { admin?: string }[] = [];
  const listening = Object.create(log) as typeof log;
  listening.info = (fields: { admin?: string }) => said.push(fields);
  const options = { metrics: new Metrics(), log: listening, router };
  const started = await startAdmin({ ...ON_LOOPBACK, BTFDEPOT_ADMIN_TOKEN: token }, options);
  const url = said[0]?.admin ?? '';
  return {
    url,
    close: () => started.close(),
    status: async (headers: Record<string, string>, method = 'GET') => {
      const asking = request(`${url}/metrics`, { method, headers }).end();
      const [answer] = (await once(asking, 'response')) as [IncomingMessage];
      answer.resume();
      return answer.statusCode;
    },
  };
}

test('the admin port is off unless it is named', async () => {
  const log = createLogger('test', 'silent');
  const off = { ...ON_LOOPBACK, BTFDEPOT_ADMIN_PORT: undefined };
  await (await startAdmin(off, { metrics: new Metrics(), log })).close();
});

test('it answers Prometheus, and what the service shows', async () => {
  const router = Router();
  router.get('/queue', (_request, response) => response.end('jobs'));
  const { url, close } = await admin(router);
  const answer = await fetch(`${url}/metrics`);
  expect(await answer.text()).toContain('btfdepot_process_cpu_seconds_total');
  expect(await (await fetch(`${url}/queue`)).text()).toBe('jobs');
  expect((await fetch(`${url}/`)).status).toBe(404);
  await close();
});

test('a page from elsewhere, in a browser on this machine, is refused', async () => {
  const { url, close, status } = await admin();
  const { host } = new URL(url);
  expect(await status({ Host: host, Origin: `http://${host}` })).toBe(200);
  expect(await status({ Host: 'localhost' })).toBe(200);
  expect(await status({ Host: 'rebound.example' })).toBe(403);
  expect(await status({ Host: host, Origin: 'https://elsewhere.example' }, 'POST')).toBe(403);
  expect(await status({ Host: host, Origin: 'null' }, 'POST')).toBe(403);
  await close();
});

test('with a token, whoever sends it is answered under any name, and nobody else', async () => {
  const { close, status } = await admin(undefined, 'sixteen letters.');
  const Authorization = 'Bearer sixteen letters.';
  expect(await status({ Host: 'depot.example:9100', Authorization })).toBe(200);
  expect(await status({ Host: 'localhost' })).toBe(401);
  expect(await status({ Host: 'localhost', Authorization: 'Bearer another one here' })).toBe(401);
  await close();
});

test('an address that other machines reach needs a token', async () => {
  const log = createLogger('test', 'silent');
  const everywhere = { ...ON_LOOPBACK, BTFDEPOT_ADMIN_HOST: '0.0.0.0' };
  await expect(startAdmin(everywhere, { metrics: new Metrics(), log })).rejects.toThrow(
    'set BTFDEPOT_ADMIN_TOKEN',
  );
});
