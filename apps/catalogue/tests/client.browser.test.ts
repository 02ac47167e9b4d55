import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describeWithBrowser } from '@btf-depot/browser/testing';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { build } from 'vite';
import { KERNELS, startDepot, type StartedDepot } from './start-depot.ts';

const buildId = KERNELS.variables;
const CLIENT = fileURLToPath(new URL('client-in-browser.ts', import.meta.url));

/** Faults of blobs on their way from the depot. */
type Mischief = 'none' | 'cut' | 'swap';

// libs/client in a page of another origin, with a proxy before the depot that acts like bad
// networks.
describeWithBrowser('the client in a browser', (open) => {
  let depot: StartedDepot;
  let proxy: ReturnType<typeof createServer>;
  let url: string;
  let mischief: Mischief;
  let ranges: (string | undefined)[];

  beforeAll(async () => {
    depot = await startDepot();
    const script = await bundled();
    proxy = createServer((request, response) => {
      if (request.url === '/') {
        response.setHeader('Content-Type', 'text/html');
        response.end('<!doctype html><title>client</title><link rel="icon" href="data:,">');
      } else if (request.url === '/client.js') {
        response.setHeader('Content-Type', 'text/javascript');
        response.end(script);
      } else void pass(request, response).catch(() => response.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  });
  beforeEach(() => {
    mischief = 'none';
    ranges = [];
  });
  afterAll(async () => {
    await depot.close();
    proxy.close();
  });

  const pass = async (request: IncomingMessage, response: ServerResponse) => {
    const { range } = request.headers;
    const answer = await fetch(depot.url + (request.url ?? ''), {
      headers: range === undefined ? {} : { Range: range },
    });
    const bytes = Buffer.from(await answer.arrayBuffer());
    const isBlob = request.url?.startsWith('/v1/blobs/') === true;
    if (isBlob) ranges.push(range);
    if (isBlob && mischief === 'swap') bytes[bytes.length >> 1] ^= 1;
    response.writeHead(answer.status, { 'Content-Length': bytes.length });
    if (isBlob && mischief === 'cut' && range === undefined) {
      response.write(bytes.subarray(0, bytes.length >> 1));
      // Chromium may drop bytes that arrive together with the end.
      setTimeout(() => response.destroy(), 200);
    } else response.end(bytes);
  };

  /** Calls a function of client-in-browser.ts there; an error becomes its code. */
  const call = async (name: string, ...args: unknown[]): Promise<unknown> => {
    const { page, complaints } = await open(url);
    const call = `import('/client.js').then((client) => client.${name}(...${JSON.stringify(args)}))`;
    const result = await page.evaluate<unknown>(call);
    // Chromium itself reports a cut connection, and requests to another origin.
    expect(complaints.filter((line) => !/ERR_|^asked /.test(line))).toEqual([]);
    return result;
  };

  it('verifies a signed manifest, and the artifact that it names', async () => {
    const record = await depot.client.record(buildId);
    const { keys } = await depot.client.keys();
    const entry = record?.artifacts['btf_vmlinux.ko.gz'];
    const key = keys[0]?.publicKey;
    expect(await call('get', url, buildId, 'btf_vmlinux.ko.gz', key)).toEqual({
      sha256: entry?.sha256,
      size: entry?.size,
      revision: 1,
    });
    const other = 'RWQbc/ucwDfJWLr2xJ2mDHqblurjc2e7yYoBXzYlonPC/TtSObRwC1Xj';
    expect(await call('get', url, buildId, 'btf_vmlinux.ko.gz', other)).toBe('not-signed');
  });

  it('asks a depot of another origin', async () => {
    expect(await call('get', depot.url, buildId, 'vmlinux.btf')).toMatchObject({ revision: 1 });
    expect(await call('names', depot.url, buildId)).toEqual(['freed', 'safe', 'twice']);
  });

  it('goes on where a connection was cut', async () => {
    mischief = 'cut';
    const size = (await depot.client.record(buildId))?.artifacts['btf_vmlinux.ko']?.size ?? 0;
    expect(await call('get', url, buildId, 'btf_vmlinux.ko')).toMatchObject({ size });
    expect(ranges).toContain(`bytes=${size >> 1}-`);
  });

  it('refuses bytes that were swapped on the way', async () => {
    mischief = 'swap';
    expect(await call('get', url, buildId, 'btf_vmlinux.ko.gz')).toBe('digest-mismatch');
  });

  it('names a depot that cannot be reached, and what another lacks', async () => {
    expect(await call('get', 'http://127.0.0.1:9', buildId, 'vmlinux.btf')).toBe('unreachable');
    expect(await call('get', url, KERNELS.unknown, 'vmlinux.btf')).toBe('unknown-build-id');
    expect(await call('get', url, KERNELS.withdrawn, 'vmlinux.btf')).toBe('withdrawn');
  });

  it('sends a kernel', async () => {
    const { page } = await open(depot.url);
    await page.route('**/client.js', async (route) =>
      route.fulfill({ contentType: 'text/javascript', body: await bundled() }),
    );
    const sent = await page.evaluate(
      `import('/client.js').then((client) => client.send(${JSON.stringify(depot.url)}, 'no kernel'))`,
    );
    expect(sent).toBe('unsupported-media');
  });
});

async function bundled(): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: 'warn',
    build: { write: false, minify: false, lib: { entry: CLIENT, formats: ['es'] } },
  });
  const [one] = Array.isArray(result) ? result : [result];
  if (!('output' in one)) throw new Error('nothing was bundled');
  return one.output[0].code;
}
