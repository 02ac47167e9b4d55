import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { json } from 'node:stream/consumers';
import { Router } from 'express';
import { afterEach, describe, expect, test } from 'vitest';
import { foreignPage, isLoopbackName, PUBLIC_PAGES, type PageRules } from './foreign-pages.ts';
import { startHttpService, type HttpService } from './http-service.ts';
import { createLogger } from '../logger.ts';
import { publicSettings } from '../settings/common.ts';
import { readSettings, SettingsError } from '../settings/declare.ts';

const HERE: PageRules = { allowedHosts: ['depot.example', 'alias.example:8443'], onlyHere: true };
const host = '127.0.0.1:8080';

const codeOf = (method: string, headers: Record<string, string>, rules = HERE) =>
  foreignPage({ method, headers, reads: method === 'GET' }, rules)?.code;

test.each([
  '127.0.0.1',
  '127.0.0.1:8080',
  '127.8.9.1:80',
  '[::1]',
  '[::1]:8080',
  'localhost',
  'localhost:8080',
  'depot.localhost',
  'a.b-c.localhost:1',
])('%s names this machine', (name) => expect(isLoopbackName(name)).toBe(true));

test.each([
  '',
  'evil.example',
  '127.0.0.1.evil.example',
  'localhost.evil.example',
  'evillocalhost.example',
  'notlocalhost',
  '128.0.0.1',
  '[::2]',
  '127.0.0.1:80:80',
  'user@localhost',
  '.localhost',
  '0.0.0.0',
  '192.168.1.2',
  '127.1',
  'localhost/evil.example',
  'localhost\n.evil.example',
])('%j does not', (name) => expect(isLoopbackName(name)).toBe(false));

describe('where anyone may change everything', () => {
  test.each(['GET', 'HEAD', 'POST', 'PUT', 'DELETE'])(
    '%s is for names of this machine',
    (method) => {
      expect(codeOf(method, { host })).toBeUndefined();
      expect(codeOf(method, { host: 'LOCALHOST:8080' })).toBeUndefined();
      expect(codeOf(method, { host: 'Depot.example' })).toBeUndefined();
      expect(codeOf(method, { host: 'depot.example:444' })).toBeUndefined();
      expect(codeOf(method, { host: 'alias.example:8443' })).toBeUndefined();
      expect(codeOf(method, { host: 'alias.example' })).toBe('foreign-host');
      expect(codeOf(method, { host: 'evil.example' })).toBe('foreign-host');
      // To the browser both are one origin.
      const rebound = { host: 'evil.example:8080', origin: 'http://evil.example:8080' };
      expect(codeOf(method, { ...rebound, 'sec-fetch-site': 'same-origin' })).toBe('foreign-host');
      expect(codeOf(method, {})).toBe('foreign-host');
    },
  );

  test.each(['GET', 'POST', 'PUT', 'DELETE'])('%s is not for other origins', (method) => {
    for (const origin of ['https://evil.example', 'http://127.0.0.1:3000', 'null', '']) {
      expect(codeOf(method, { host, origin }), origin).toBe('foreign-origin');
    }
    for (const site of ['cross-site', 'same-site']) {
      expect(codeOf(method, { host, 'sec-fetch-site': site }), site).toBe('foreign-origin');
    }
    expect(codeOf(method, { host, origin: `http://${host}` })).toBeUndefined();
    expect(codeOf(method, { host, origin: 'https://depot.example' })).toBeUndefined();
    expect(codeOf(method, { host, 'sec-fetch-site': 'none' })).toBeUndefined();
  });

  test('an address, which nobody can make lead elsewhere, is for reading', () => {
    for (const host of ['10.0.2.2:8080', '[fd00::2]:8080', '192.168.1.2']) {
      expect(codeOf('GET', { host })).toBeUndefined();
      expect(codeOf('POST', { host })).toBe('foreign-host');
    }
  });

  test('a link is followed, and a form is none', () => {
    const link = { host, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
    expect(codeOf('GET', link)).toBeUndefined();
    expect(codeOf('POST', link)).toBe('foreign-origin');
    expect(codeOf('POST', { ...link, origin: 'null' })).toBe('foreign-origin');
  });
});

describe('where tokens say who may change something', () => {
  test('other names and pages of other origins read', () => {
    const headers = { host: 'mirror.example', origin: 'https://page.example' };
    expect(codeOf('GET', headers, PUBLIC_PAGES)).toBeUndefined();
    expect(codeOf('POST', { host: 'mirror.example' }, PUBLIC_PAGES)).toBeUndefined();
  });

  test('a page of another origin changes nothing, whatever it knows', () => {
    const headers = { host: 'depot.example', authorization: 'Bearer btfd_known' };
    for (const origin of ['https://evil.example', 'https://depot.example:444', 'null']) {
      expect(codeOf('POST', { ...headers, origin }, PUBLIC_PAGES)).toBe('foreign-origin');
    }
    // A proxy ends TLS, and says a port or none.
    const own = { ...headers, origin: 'https://depot.example' };
    expect(codeOf('POST', own, PUBLIC_PAGES)).toBeUndefined();
    expect(codeOf('POST', { ...own, host: 'depot.example:443' }, PUBLIC_PAGES)).toBeUndefined();
  });

  test('a proxy with another Host is told by its name', () => {
    const headers = { host: '127.0.0.1:8080', origin: 'https://depot.example' };
    expect(codeOf('POST', headers, PUBLIC_PAGES)).toBe('foreign-origin');
    expect(codeOf('POST', headers, { ...HERE, onlyHere: false })).toBeUndefined();
  });
});

test('a refusal says what was wrong, and which setting helps', () => {
  const asked = { method: 'POST', reads: false };
  const named = foreignPage({ ...asked, headers: { host: 'evil.example' } }, HERE);
  expect(named?.detail).toMatch(/"evil\.example" .*127\.0\.0\.1.*BTFDEPOT_ALLOWED_HOSTS/);
  const headers = { host, origin: 'https://evil.example' };
  const page = foreignPage({ ...asked, headers }, HERE);
  expect(page?.detail).toMatch(/page of https:\/\/evil\.example.*BTFDEPOT_ALLOWED_HOSTS/);
});

test('names come from a setting, and what is no name stops the start', () => {
  const read = (text: string) =>
    readSettings(publicSettings, { BTFDEPOT_ALLOWED_HOSTS: text }).BTFDEPOT_ALLOWED_HOSTS;
  expect(read(' Depot.example, [::1]:8080 ,')).toEqual(['depot.example', '[::1]:8080']);
  for (const wrong of ['https://depot.example', 'a b', '*', '*.example']) {
    expect(() => read(wrong)).toThrow(SettingsError);
  }
});

describe('a service', () => {
  let service: HttpService | undefined;
  afterEach(() => service?.close());

  /** One whose routes tell that they were reached. */
  async function start(pages: PageRules) {
    const reached: string[] = [];
    const router = Router();
    router.use((asked, response) => {
      reached.push(asked.method);
      response.end();
    });
    const log = createLogger('test', 'silent');
    service = await startHttpService({
      host: '127.0.0.1',
      port: 0,
      log,
      checks: {},
      router,
      pages,
      reads: (path) => path === '/lookup',
      finishes: (path) => path.startsWith('/buildid/'),
    });
    return { url: new URL(service.url), reached };
  }

  const ask = async (url: URL, method: string, headers: Record<string, string>) => {
    const [answer] = (await once(request(url, { method, headers }).end(), 'response')) as [
      IncomingMessage,
    ];
    const body = answer.headers['content-type']?.includes('json') ? await json(answer) : undefined;
    answer.resume();
    return { status: answer.statusCode, code: (body as { code?: string } | undefined)?.code };
  };

  test('refuses ahead of its routes, and is healthy under any name', async () => {
    const { url, reached } = await start(HERE);
    const rebound = { Host: 'evil.example' };
    expect(await ask(url, 'DELETE', rebound)).toEqual({ status: 403, code: 'foreign-host' });
    expect((await ask(new URL('/healthz', url), 'GET', rebound)).status).toBe(200);
    const origin = { Origin: 'http://evil.example' };
    expect(await ask(url, 'POST', origin)).toEqual({ status: 403, code: 'foreign-origin' });
    // debuginfod's client remembers other answers as missing.
    expect(await ask(new URL('/buildid/00/section/.BTF', url), 'GET', rebound)).toEqual({
      status: 406,
      code: 'not-now',
    });
    expect(reached).toEqual([]);
    expect((await ask(url, 'POST', {})).status).toBe(200);
    expect(reached).toEqual(['POST']);
  });

  test('lets pages of other origins ask what is long, where they may read', async () => {
    const { url } = await start(PUBLIC_PAGES);
    const headers = { Origin: 'http://page.example' };
    expect((await ask(new URL('/lookup', url), 'POST', headers)).status).toBe(200);
    expect((await ask(new URL('/other', url), 'POST', headers)).status).toBe(403);
    expect((await ask(new URL('/other', url), 'GET', headers)).status).toBe(200);
  });

  test('reads no more of what it refused', async () => {
    const { url, reached } = await start(HERE);
    const socket = connect(Number(url.port), url.hostname);
    let answer = '';
    socket.on('data', (bytes: Buffer) => (answer += bytes.toString()));
    socket.on('error', () => undefined);
    socket.write('POST / HTTP/1.1\r\nHost: evil.example\r\nTransfer-Encoding: chunked\r\n\r\n');
    const sending = setInterval(() => socket.write('1\r\nx\r\n'), 50);
    await once(socket, 'close');
    clearInterval(sending);
    expect(answer).toMatch(/^HTTP\/1\.1 403 [^]*"code":"foreign-host"/);
    expect(reached).toEqual([]);
  });
});
