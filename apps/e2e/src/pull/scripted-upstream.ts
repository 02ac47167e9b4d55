import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ScriptedUpstream {
  /** For `BTFDEPOT_UPSTREAMS`. */
  setting: string;
  url: string;
  /** Requested paths, in order. */
  asked: string[];
  /** Its files by path; a test changes them. */
  files: Map<string, Uint8Array>;
  /** Answers instead of the files. */
  answer: RequestListener | undefined;
  dispose(): Promise<void>;
}

/** A debuginfod for one test: no ranges, no HEAD, 404 for missing files. */
export async function scriptedUpstream(): Promise<ScriptedUpstream> {
  const files = new Map<string, Uint8Array>();
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const { url = '' } = request;
    asked.push(url);
    if (upstream.answer) {
      upstream.answer(request, response);
      return;
    }
    const bytes = files.get(url);
    if (request.method !== 'GET') response.writeHead(400).end();
    else if (bytes) response.writeHead(200, { 'Content-Length': bytes.length }).end(bytes);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const upstream: ScriptedUpstream = {
    setting: `debuginfod ${url}`,
    url,
    asked,
    files,
    answer: undefined,
    async dispose() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return upstream;
}
