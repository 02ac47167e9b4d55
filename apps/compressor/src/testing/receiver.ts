import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** A receiver of webhooks: answers as told, and keeps the deliveries. */
export async function startReceiver() {
  const got: { headers: IncomingHttpHeaders; body: string }[] = [];
  let answer = (response: ServerResponse): void => {
    response.end();
  };
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      got.push({ headers: request.headers, body });
      answer(response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    got,
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/told`),
    answers: (next: typeof answer) => {
      answer = next;
    },
    status: (code: number, headers = {}) => {
      answer = (response) => {
        response.writeHead(code, headers).end();
      };
    },
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
