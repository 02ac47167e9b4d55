import { setTimeout as sleep } from 'node:timers/promises';
import { statusOf, type KernelRecord } from '@btf-depot/contracts';
import { DepotError } from '@btf-depot/depot';
import { buildIdOf, kernelRecord } from '@btf-depot/testing';
import { EventSource } from 'eventsource';
import { afterEach, expect, test, vi } from 'vitest';
import { RECORD_ROUTES } from '@btf-depot/contracts/routes';
import { EVENT_DEFAULTS, eventHandler, type EventLimits } from './event-handler.ts';
import { startHttpService, type HttpService } from './http-service.ts';
import { createLogger } from '../logger.ts';
import { serveRoutes } from './serve-routes.ts';

const buildId = buildIdOf('events');
const path = `/v1/kernels/${buildId}/events`;
let http: HttpService;

afterEach(() => http.close());

/** A service with one kernel, whose record tests change. */
async function serve(record: Partial<KernelRecord>, limits: Partial<EventLimits> = {}) {
  const held = { record: kernelRecord({ buildId, ...record }), looks: 0 };
  const look = (asked: string) => {
    held.looks++;
    if (asked === buildId) return Promise.resolve(statusOf(held.record));
    return Promise.reject(new DepotError('unknown-build-id', 'no such kernel'));
  };
  const events = eventHandler(look, { ...EVENT_DEFAULTS, period: 20, ...limits });
  http = await startHttpService({
    host: '127.0.0.1',
    port: 0,
    log: createLogger('test', 'silent'),
    checks: {},
    router: serveRoutes({ events: RECORD_ROUTES.events }, { events }),
  });
  return held;
}

test("a browser's client hears each change once, and then no more", async () => {
  const held = await serve({ state: 'compressing' });
  const source = new EventSource(`${http.url}${path}`);
  const heard: unknown[] = [];
  source.addEventListener('status', ({ data }: { data: string }) => {
    const { state, progress } = JSON.parse(data) as ReturnType<typeof statusOf>;
    heard.push(progress ? [state, progress.stage, progress.percent] : state);
  });
  await vi.waitFor(() => expect(heard).toHaveLength(1), 60_000);
  held.record = { ...held.record, progress: { done: 2, total: 6 } };
  await vi.waitFor(() => expect(heard).toHaveLength(2), 60_000);
  held.record = { ...held.record, state: 'ready' };
  await vi.waitFor(() => expect(heard).toHaveLength(3), 60_000);
  // It comes again after two seconds, and is told that there is nothing more.
  await vi.waitFor(() => expect(source.readyState).toBe(EventSource.CLOSED), 60_000);
  expect(heard).toEqual(['compressing', ['compressing', 'compress', 33], 'ready']);
});

test('a kernel is looked at once in a period, however many listen', async () => {
  const held = await serve({ state: 'compressing' }, { period: 200 });
  const listeners = Array.from({ length: 20 }, () => fetch(`${http.url}${path}`));
  for (const answer of await Promise.all(listeners)) {
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
  }
  await sleep(500);
  expect(held.looks).toBeLessThan(8);
  held.record = { ...held.record, state: 'ready' };
  for (const answer of listeners) expect(await (await answer).text()).toContain('"ready"');
});

test('more listeners than the limit are asked to look themselves', async () => {
  await serve({ state: 'compressing' }, { listeners: 1 });
  const first = new AbortController();
  await fetch(`${http.url}${path}`, { signal: first.signal });
  const answer = await fetch(`${http.url}${path}`);
  expect([answer.status, await answer.json()]).toMatchObject([503, { code: 'busy' }]);
  first.abort();
  await vi.waitFor(async () => {
    const controller = new AbortController();
    expect((await fetch(`${http.url}${path}`, { signal: controller.signal })).status).toBe(200);
    controller.abort();
  }, 60_000);
});

test('an unknown kernel is a problem, not an event', async () => {
  await serve({});
  const answer = await fetch(`${http.url}/v1/kernels/${buildIdOf('other')}/events`);
  expect([answer.status, await answer.json()]).toMatchObject([404, { code: 'unknown-build-id' }]);
});

test('silence is broken by comments, and ended when the service stops', async () => {
  await serve({ state: 'compressing' }, { heartbeat: 50 });
  const answer = await fetch(`${http.url}${path}`);
  await sleep(200);
  await http.close();
  expect(await answer.text()).toContain(': still here');
});
