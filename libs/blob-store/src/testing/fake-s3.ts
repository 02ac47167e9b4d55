import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

/** A promise that the server breaks, or the reason why it accepts nothing. */
export type Broken =
  | 'nothing'
  | 'create-only'
  | 'if-match'
  | 'no conditions'
  | 'races'
  | 'some races'
  | 'stale reads'
  | 'listings'
  | 'full';

/** The part of S3 that the stores use, in memory, for one bucket. Keys are not checked. */
export async function startFakeS3(broken: Broken) {
  const objects = new Map<string, Buffer>();
  const etagOf = (body: Buffer) => `"${createHash('md5').update(body).digest('hex')}"`;

  let creations = 0;
  const isAllowed = (key: string, { headers }: IncomingMessage) => {
    if (broken === 'no conditions') return true;
    const there = objects.get(key);
    if (headers['if-none-match'] === '*' && broken !== 'create-only') return there === undefined;
    const wanted = headers['if-match'];
    if (wanted === undefined || broken === 'if-match') return true;
    return there !== undefined && etagOf(there) === wanted;
  };

  let silence = 0;
  let unanswered = 0;
  const server = createServer((request, response) => {
    void (async () => {
      if (silence > 0) {
        unanswered++;
        if (silence === Infinity) return;
        await sleep(silence);
      }
      const url = new URL(request.url ?? '', 'http://fake');
      const key = decodeURIComponent(url.pathname.split('/').slice(2).join('/'));
      const body = await buffer(request);
      const fail = (status: number, code: string) => {
        response.writeHead(status, { 'Content-Type': 'application/xml' });
        response.end(`<?xml version="1.0"?><Error><Code>${code}</Code></Error>`);
      };
      if (key === '') {
        if (url.searchParams.has('list-type')) response.end(list(url.searchParams.get('prefix')));
        else response.end();
        return;
      }
      if (request.method === 'DELETE') {
        objects.delete(key);
        response.writeHead(204).end();
        return;
      }
      if (request.method === 'PUT') {
        if (broken === 'full') {
          fail(507, 'XMinioStorageFull');
          return;
        }
        const isLet = isAllowed(key, request);
        // Other writers may come between the check and the write.
        const isCreation = request.headers['if-none-match'] !== undefined;
        if (isCreation) creations++;
        if (broken === 'races' || (broken === 'some races' && creations > 16)) await sleep(20);
        if (!isLet) {
          fail(412, 'PreconditionFailed');
          return;
        }
        if (broken !== 'stale reads' || !objects.has(key)) objects.set(key, body);
        response.writeHead(200, { ETag: etagOf(body) }).end();
        return;
      }
      const found = objects.get(key);
      if (!found) {
        fail(404, 'NoSuchKey');
        return;
      }
      response.writeHead(200, {
        ETag: etagOf(found),
        'Content-Length': found.length,
        'Last-Modified': new Date().toUTCString(),
      });
      response.end(request.method === 'HEAD' ? undefined : found);
    })();
  });

  const list = (prefix: string | null) => {
    const keys = [...objects].filter(([key]) => key.startsWith(prefix ?? ''));
    const contents = (broken === 'listings' ? [] : keys).map(
      ([key, body]) =>
        `<Contents><Key>${key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>` +
        `<ETag>${etagOf(body)}</ETag><Size>${body.length}</Size></Contents>`,
    );
    return (
      `<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated>` +
      `${contents.join('')}</ListBucketResult>`
    );
  };

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    objects,
    /**
     * From now on it answers after so many milliseconds, or never.
     * @returns the number of requests that came since.
     */
    silent(ms = Infinity): () => number {
      silence = ms;
      return () => unanswered;
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
