import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import https from 'node:https';
import net, { type AddressInfo, type Socket } from 'node:net';
import { sha256Of, someBytes } from '@btf-depot/testing';
import { DEPOT_TEST_CERTIFICATE, DEPOT_TEST_KEY } from '@btf-depot/testing/certificate';
import { TemporaryFolder } from '@btf-depot/testing/temporary-folder';
import { afterEach, describe, expect, it, test } from 'vitest';
import { readHead } from './answer-head.ts';
import { ObjectLoader } from './object-loader.ts';

const bytes = someBytes(1_500_000, 'object');
/** Milliseconds that a server may be silent: long, as a busy machine may make it wait. */
const TIMEOUT = 30_000;
const SHORT = 1000;
const allocate = (size: number) => Buffer.alloc(size);
const closing: (() => void)[] = [];

afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function listen(server: net.Server, protocol = 'http'): Promise<URL> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return new URL(
    `${protocol}://127.0.0.1:${(server.address() as AddressInfo).port}/object?signed=1`,
  );
}

/** A server that says what it is told to, byte for byte, to each request on a connection. */
async function say(...answers: ((socket: Socket) => void)[]) {
  return sayWithin(TIMEOUT, ...answers);
}

async function sayWithin(timeout: number, ...answers: ((socket: Socket) => void)[]) {
  const sockets: Socket[] = [];
  const server = net.createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', () => answers.shift()?.(socket));
  });
  closing.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const url = await listen(server);
  return { url, sockets, loader: new ObjectLoader(url, timeout) };
}

const head = (length = bytes.length, more = '') =>
  `HTTP/1.1 200 OK\r\nServer: some\r\nContent-Length: ${length}\r\n${more}\r\n`;

async function loaded(loader: ObjectLoader, url: URL): Promise<string | undefined> {
  const load = await loader.load(url, allocate);
  await load?.whole;
  return load && sha256Of(load.bytes);
}

describe('an object', () => {
  const inParts = (socket: Socket) => {
    const all = Buffer.concat([Buffer.from(head()), bytes]);
    socket.write(all.subarray(0, 30));
    setTimeout(() => socket.write(all.subarray(30, 70)), 10);
    setTimeout(() => socket.write(all.subarray(70)), 20);
  };
  const atOnce = (socket: Socket) => socket.write(Buffer.concat([Buffer.from(head()), bytes]));
  const nothing = (socket: Socket) => socket.write(head(0));

  it('comes whole, one after the other on one connection', async () => {
    const { url, sockets, loader } = await say(inParts, atOnce, nothing, atOnce);
    expect(await loaded(loader, url)).toBe(sha256Of(bytes));
    expect(await loaded(loader, url)).toBe(sha256Of(bytes));
    expect(await loaded(loader, url)).toBe(sha256Of(new Uint8Array()));
    expect(await loaded(loader, url)).toBe(sha256Of(bytes));
    expect(sockets).toHaveLength(1);
  });

  it('comes on a new connection where the server does not keep one', async () => {
    const closes = (socket: Socket) => {
      socket.write(head(3, 'Connection: close\r\n'));
      socket.end('abc');
    };
    const { url, sockets, loader } = await say(closes, atOnce, atOnce);
    expect(await loaded(loader, url)).toBe(sha256Of(Buffer.from('abc')));
    expect(await loaded(loader, url)).toBe(sha256Of(bytes));
    // This one ends while it is not in use, which shows only when it is used again.
    sockets[1].destroy();
    expect(await loaded(loader, url)).toBe(sha256Of(bytes));
    expect(sockets).toHaveLength(3);
  });

  it('comes by TLS from who is who it says, and from nobody else', async () => {
    using folder = new TemporaryFolder();
    const authority = folder.at('certificate');
    writeFileSync(authority, DEPOT_TEST_CERTIFICATE);
    const answer: RequestListener = (_, response) => response.end(bytes);
    const keys = { key: DEPOT_TEST_KEY, cert: DEPOT_TEST_CERTIFICATE };
    const server = https.createServer(keys, answer);
    closing.push(
      () => server.closeAllConnections(),
      () => server.close(),
    );
    const url = await listen(server, 'https');
    await expect(loaded(new ObjectLoader(url, TIMEOUT), url)).rejects.toThrow(/self-signed/);
    const script = `
      import { ObjectLoader } from ${JSON.stringify(new URL('./object-loader.ts', import.meta.url).href)};
      const url = new URL(process.argv[1]);
      const load = await new ObjectLoader(url, ${TIMEOUT}).load(url, (size) => Buffer.alloc(size));
      await load.whole;
      process.stdout.write(load.bytes);`;
    const child = ['--input-type=module', '-e', script, url.href];
    const { promise, resolve } = Promise.withResolvers<Buffer>();
    execFile(
      process.execPath,
      child,
      {
        env: { ...process.env, NODE_EXTRA_CA_CERTS: authority },
        encoding: 'buffer',
        maxBuffer: 1e7,
      },
      (_, stdout) => resolve(stdout),
    );
    expect(sha256Of(await promise)).toBe(sha256Of(bytes));
  });
});

test.each([
  ['a status of its own', 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'],
  ['another version', `HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc`],
  ['chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['chunks and a length', head(3, 'Transfer-Encoding: chunked\r\n')],
  ['no length', 'HTTP/1.1 200 OK\r\n\r\nabc'],
  ['two lengths', head(3, 'content-length: 4\r\n')],
  ['a length that is none', 'HTTP/1.1 200 OK\r\nContent-Length: 3x\r\n\r\nabc'],
  ['a length that no blob has', head(1e12)],
  ['more than its length', `${head(2)}abc`],
  ['another protocol', 'SSH-2.0-x'.repeat(3000)],
])('an answer of %s is for others to read', async (_, text) => {
  const { url, loader } = await say((socket) => socket.write(text));
  expect(await loader.load(url, allocate)).toBeUndefined();
});

test('a server that says nothing, or no more, is not waited for', async () => {
  const { url, loader } = await sayWithin(
    SHORT,
    () => undefined,
    (socket) => socket.write(head(10) + 'abc'),
    (socket) => socket.end(head(10) + 'abc'),
    (socket) => socket.destroy(),
  );
  await expect(loader.load(url, allocate)).rejects.toThrow(`no answer within ${SHORT} ms`);
  const silent = await loader.load(url, allocate);
  await expect(silent?.whole).rejects.toThrow(`no byte came within ${SHORT} ms`);
  expect(silent?.filled).toBe(3);
  await expect((await loader.load(url, allocate))?.whole).rejects.toThrow(
    'closed the connection early',
  );
  await expect(loader.load(url, allocate)).rejects.toThrow();
});

test('what comes after an object ends the connection', async () => {
  const { url, loader, sockets } = await say(
    (socket) => {
      socket.write(`${head(3)}abc`);
      setTimeout(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil'), 20);
    },
    (socket) => socket.write(`${head(3)}def`),
  );
  expect(await loaded(loader, url)).toBe(sha256Of(Buffer.from('abc')));
  await once(sockets[0], 'close');
  expect(await loaded(loader, url)).toBe(sha256Of(Buffer.from('def')));
});

test('one that is stopped leaves the server alone', async () => {
  const { url, loader, sockets } = await say((socket) => socket.write(head(10)));
  const load = await loader.load(url, allocate);
  load?.stop();
  await expect(load?.whole).rejects.toThrow('closed the connection early');
  await once(sockets[0], 'close');
});

test('one that is stopped when it is whole takes the connection from nobody', async () => {
  const { url, loader, sockets } = await say(
    (socket) => socket.write(`${head(3)}abc`),
    (socket) => {
      socket.write(head(6) + 'def');
      setTimeout(() => socket.write('ghi'), 30);
    },
  );
  const first = await loader.load(url, allocate);
  await first?.whole;
  const second = await loader.load(url, allocate);
  first?.stop();
  await second?.whole;
  expect(second?.bytes.toString()).toBe('defghi');
  expect(sockets).toHaveLength(1);
});

test('nothing that a head may hold is misread as another length', () => {
  const whole = Buffer.from(head(12345, 'ETag: "x"\r\n'));
  for (let at = 0; at < whole.length; at++) {
    expect(readHead(whole.subarray(0, at))).toBeUndefined();
    for (const byte of [0, 10, 13, 32, 58, 65, 255]) {
      const mutant = Buffer.from(whole);
      mutant[at] = byte;
      const read = readHead(mutant);
      if (read && read !== 'other') expect(String(read.length)).toMatch(/^\d{1,5}$/);
    }
  }
  expect(readHead(whole)).toEqual({ size: whole.length, length: 12345, keepsAlive: true });
});
