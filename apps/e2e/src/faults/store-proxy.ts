import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

/** A request of a service to the store, by its subject. */
const STEPS = {
  'put blob': /^PUT .*\/blobs\/sha256\//,
  'put record': /^PUT .*\/record\.json/,
} as const;

export type Step = keyof typeof STEPS;

interface Trap {
  step: Step;
  when: 'before' | 'after';
  act: () => Promise<unknown>;
}

/**
 * A proxy between services and the store, by which tests stop a process in the middle of its work.
 * It passes requests unchanged, with the Host header, since they are signed.
 */
export async function startStoreProxy(target: string) {
  const { hostname, port } = new URL(target);
  const state = { trap: undefined as Trap | undefined, refuse: 0, delay: 0 };
  const handle = async (incoming: IncomingMessage, answer: ServerResponse) => {
    const line = `${incoming.method ?? ''} ${incoming.url ?? ''}`;
    const body = await buffer(incoming);
    if (state.delay > 0) await sleep(state.delay);
    if (state.refuse > 0) {
      state.refuse--;
      answer.writeHead(503).end();
      return;
    }
    const trap = state.trap && STEPS[state.trap.step].test(line) ? state.trap : undefined;
    if (trap) state.trap = undefined;
    if (trap?.when === 'before') {
      await trap.act();
      answer.destroy();
      return;
    }
    const { method, url, headers } = incoming;
    const onward = request({ hostname, port, method, path: url, headers });
    onward.end(body);
    const [response] = (await once(onward, 'response')) as [IncomingMessage];
    const whole = await buffer(response);
    if (trap) {
      await trap.act();
      answer.destroy();
      return;
    }
    answer.writeHead(response.statusCode ?? 500, response.headers).end(whole);
  };
  const server = createServer((incoming, answer) => {
    handle(incoming, answer).catch(() => answer.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /**
     * Runs `act` at the next such request, before the store gets it or before the service gets its
     * answer.
     */
    trap: (trap: Trap) => {
      state.trap = trap;
    },
    /** Answers that many requests with 503. */
    refuse: (times: number) => {
      state.refuse = times;
    },
    /** Delays every request, in milliseconds. */
    slow: (delay: number) => {
      state.delay = delay;
    },
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
