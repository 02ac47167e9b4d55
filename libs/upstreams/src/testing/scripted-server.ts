import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server on loopback with a test's answers. */
export async function scriptedServer(answer: RequestListener) {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: new URL(`http://127.0.0.1:${port}/`),
    async dispose() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Answers as debuginfod does: no ranges, no HEAD, and 404 for missing files. */
export function asDebuginfod(files: Readonly<Record<string, Uint8Array>>): RequestListener {
  return (request, response) => {
    const bytes = files[request.url ?? ''];
    if (request.method !== 'GET') response.writeHead(400).end();
    else if (!bytes) response.writeHead(404).end('not found');
    else response.writeHead(200, { 'X-DEBUGINFOD-SIZE': bytes.length }).end(bytes);
  };
}
