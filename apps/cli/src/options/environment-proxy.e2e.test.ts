import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, request as ask } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { connect, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buildIdOf, kernelFile } from '@btf-depot/testing';
import { DEPOT_TEST_CERTIFICATE, DEPOT_TEST_KEY } from '@btf-depot/testing/certificate';
import { testFolder } from '@btf-depot/testing/folders';
import { btfdepot, startDepot, type StartedDepot } from '@btf-depot/testing/processes';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { useProxies } from './environment-proxy.ts';
import { UsageError } from './usage-error.ts';

const buildId = buildIdOf('behind a proxy');

const folder = testFolder();
let depot: StartedDepot;
/** Plays https://depot.test, a name that only the proxy knows. */
const front = createSecureServer(
  { key: DEPOT_TEST_KEY, cert: DEPOT_TEST_CERTIFICATE },
  (request, response) => {
    const { method, url, headers } = request;
    const inner = ask(new URL(url ?? '', depot.url), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    request.pipe(inner);
  },
);
/** A proxy that demands a password, and records its clients' targets. */
const proxy = createServer();
const asked: string[] = [];

proxy.on('connect', (request, socket, head: Buffer) => {
  const authorization = request.headers['proxy-authorization'];
  asked.push(`${request.url ?? ''} ${authorization ? 'known' : 'unknown'}`);
  if (authorization !== `Basic ${Buffer.from('me:secret').toString('base64')}`) {
    socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    return;
  }
  const { port } = front.address() as AddressInfo;
  const there = connect(port, '127.0.0.1', () => {
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    there.write(head);
    there.pipe(socket).pipe(there);
  });
  const endBoth = () => {
    socket.destroy();
    there.destroy();
  };
  for (const end of [socket, there]) end.on('error', endBoth);
});

beforeAll(async () => {
  await writeFile(join(folder, 'vmlinux'), kernelFile({ buildId }));
  await writeFile(join(folder, 'certificate.pem'), DEPOT_TEST_CERTIFICATE);
  depot = await startDepot(join(folder, 'data'), { BTFDEPOT_ALLOWED_HOSTS: 'depot.test' });
  for (const server of [front, proxy]) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  }
}, 180_000);

afterAll(async () => {
  for (const server of [front, proxy]) server.close();
  proxy.closeAllConnections();
  await depot.stop();
});

function run(args: string[], credentials: string, more: Record<string, string> = {}) {
  const { port } = proxy.address() as AddressInfo;
  return btfdepot(args, folder, {
    HTTPS_PROXY: `http://${credentials}127.0.0.1:${port}`,
    NODE_EXTRA_CA_CERTS: join(folder, 'certificate.pem'),
    BTFDEPOT_URL: 'https://depot.test',
    ...more,
  });
}

test('a kernel is pushed and got through the proxy of HTTPS_PROXY', async () => {
  const pushed = await run(['push', 'vmlinux'], 'me:secret@');
  expect([pushed.code, pushed.output]).toEqual([0, expect.stringContaining(buildId)]);
  expect(asked).toContain('depot.test:443 known');
  const got = await run(['get', buildId, 'vmlinux.btf'], 'me:secret@');
  expect([got.code, got.output]).toEqual([0, expect.stringContaining('vmlinux.btf')]);
}, 180_000);

test("a refusal by the proxy is reported as the proxy's", async () => {
  const { code, output } = await run(['lookup', buildId], '');
  expect([code, output]).toEqual([1, expect.stringMatching(/depot\.test.*[Pp]roxy.*407/)]);
}, 180_000);

test('a depot of this machine is asked without a proxy', async () => {
  asked.length = 0;
  const proxies = { HTTP_PROXY: 'http://127.0.0.1:1', BTFDEPOT_URL: depot.url };
  const { code } = await run(['vars', buildId], '', proxies);
  expect([code, asked]).toEqual([0, []]);
}, 180_000);

describe('an invalid proxy', () => {
  test.each(['proxy:3128', 'socks5://proxy', '3128'])('%s', (HTTPS_PROXY) => {
    expect(() => useProxies({ HTTPS_PROXY })).toThrow(UsageError);
  });
});
