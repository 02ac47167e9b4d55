import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** Answers a request instead of the depot; false leaves it to the depot. */
export type Fault = (request: IncomingMessage, response: ServerResponse) => boolean;

export interface FaultyDepot {
  readonly url: string;
  /** Method and path of each request since `behave`, and its Range if any. */
  readonly requests: string[];
  /** Sets this fault from now on, or none. */
  behave(fault?: Fault): void;
  close(): Promise<void>;
}

/**
 * A proxy before a depot that passes requests on, unless a test sets a fault.
 * @param tls PEM of a key and its certificate: then it speaks HTTPS.
 */
export async function startFaultyDepot(
  depot: string,
  tls?: { readonly key: string; readonly cert: string },
): Promise<FaultyDepot> {
  let fault: Fault | undefined;
  const requests: string[] = [];
  const answer: RequestListener = (request, response) => {
    const { method = '', url = '', headers } = request;
    requests.push([method, url, headers.range].filter(Boolean).join(' '));
    if (fault?.(request, response) !== true) {
      forward(depot, request, response).catch(() => response.destroy());
    }
  };
  const server = tls ? createTlsServer(tls, answer) : createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    behave(next) {
      fault = next;
      requests.length = 0;
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

async function forward(
  depot: string,
  { url = '', headers }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const asked = new Headers({ 'accept-encoding': 'identity' });
  if (headers.range !== undefined) asked.set('range', headers.range);
  const answer = await fetch(depot + url, { headers: asked });
  const names = ['content-type', 'content-range', 'accept-ranges', 'etag'];
  const kept = names.flatMap((name) => {
    const value = answer.headers.get(name);
    return value === null ? [] : [[name, value]];
  });
  const body = Buffer.from(await answer.arrayBuffer());
  response.writeHead(answer.status, {
    ...(Object.fromEntries(kept) as Record<string, string>),
    'content-length': body.length,
    connection: 'close',
  });
  response.end(body);
}

/** Sends this, whole or up to a cut that closes the connection. Always true. */
export function send(
  response: ServerResponse,
  body: Uint8Array | string,
  { status = 200, cutAt }: { status?: number; cutAt?: number } = {},
): true {
  const bytes = Buffer.from(body);
  response.writeHead(status, { 'content-length': bytes.length, connection: 'close' });
  if (cutAt === undefined) response.end(bytes);
  else response.write(bytes.subarray(0, cutAt), () => response.destroy());
  return true;
}
