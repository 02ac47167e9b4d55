import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sha256Of, someBytes } from '@btf-depot/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { StoreUnavailable } from '../errors.ts';
import { openMinioStores } from './open.ts';

const bytes = someBytes(1000, 'cut');
const sha256 = sha256Of(bytes);

describe('a server that begins an answer', () => {
  let server: Server;

  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  it.each([
    ['cuts it', (answer: ServerResponse) => answer.destroy()],
    ['never ends it', () => undefined],
  ])('and %s has no blob for us', async (_, then) => {
    server = createServer((request, answer) => {
      if (request.method === 'HEAD') {
        answer.end();
        return;
      }
      answer.writeHead(200, { 'content-length': 1000, etag: '"0"' });
      answer.write(bytes.subarray(0, 500), () => then(answer));
    });
    const listening = once(server, 'listening');
    server.listen(0, '127.0.0.1');
    await listening;
    const { port } = server.address() as AddressInfo;
    const { blobs } = await openMinioStores({
      endpoint: `http://127.0.0.1:${String(port)}`,
      bucket: 'bucket',
      accessKey: 'any',
      secretKey: 'secret',
      silenceMs: 500,
    });
    await expect(blobs.get(sha256)).rejects.toBeInstanceOf(StoreUnavailable);
  });
});
