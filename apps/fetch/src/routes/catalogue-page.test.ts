import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FETCH_ROUTES } from '@btf-depot/contracts/routes';
import {
  createLogger,
  serveRoutes,
  startHttpService,
  type HttpService,
} from '@btf-depot/service-kit';
import { testFolder } from '@btf-depot/testing/folders';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { blobSender } from '../answers/send-blob.ts';
import { HeldMemory } from '../blobs/held-memory.ts';
import { pageHandlers } from './catalogue-page.ts';

const SCRIPT = 'export {};\n'.repeat(100);

const folder = testFolder();
const services: HttpService[] = [];

async function serve(page: string): Promise<string> {
  const log = createLogger('fetch', 'silent');
  const { page: index, asset } = FETCH_ROUTES;
  const handlers = pageHandlers(blobSender(new HeldMemory(1e6)), page);
  const router = serveRoutes({ page: index, asset }, handlers);
  const service = await startHttpService({ host: '127.0.0.1', port: 0, log, checks: {}, router });
  services.push(service);
  return service.url;
}

beforeAll(async () => {
  await mkdir(join(folder, 'assets'));
  await writeFile(join(folder, 'index.html'), '<!doctype html><title>page</title>');
  await writeFile(join(folder, 'assets', 'main-abc.js'), SCRIPT);
});

afterAll(() => Promise.all(services.map((service) => service.close())));

test('the page is revalidated each time, and runs only its own scripts', async () => {
  const url = await serve(folder);
  const answer = await fetch(url);
  expect(await answer.text()).toContain('<title>page</title>');
  const { headers } = answer;
  expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(headers.get('cache-control')).toBe('public, no-cache');
  const policy = headers.get('content-security-policy') ?? '';
  expect(policy).toMatch(/^default-src 'self';/);
  expect(policy).not.toMatch(/unsafe|\*|https?:|data:/);
  const etag = headers.get('etag') ?? '';
  const again = await fetch(url, { headers: { 'If-None-Match': etag } });
  expect(again.status).toBe(304);
});

test('its files are immutable, and compressed for clients that accept it', async () => {
  const url = `${await serve(folder)}/assets/main-abc.js`;
  const plain = await fetch(url, { headers: { 'Accept-Encoding': 'identity' } });
  expect(plain.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  expect(plain.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
  expect(plain.headers.get('content-length')).toBe(String(SCRIPT.length));
  const packed = await fetch(url, { headers: { 'Accept-Encoding': 'gzip' } });
  expect(packed.headers.get('content-encoding')).toBe('gzip');
  expect(packed.headers.get('etag')).not.toBe(plain.headers.get('etag'));
  expect(await packed.text()).toBe(SCRIPT);
});

test.each(['/assets/none.js', '/assets/..%2findex.html', '/assets/', '/index.html'])(
  'there is no %s',
  async (path) => {
    const answer = await fetch((await serve(folder)) + path);
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ code: 'not-found' });
  },
);

test('a depot without a built page says how to build it', async () => {
  const answer = await fetch(await serve(join(folder, 'assets')));
  expect(answer.status).toBe(404);
  expect(await answer.json()).toMatchObject({
    code: 'not-found',
    detail: expect.stringContaining('npm run build') as unknown,
  });
});
