import { RECORD_ROUTES } from '@btf-depot/contracts/routes';
import { Underway } from '@btf-depot/depot';
import { buildIdOf, kernelRecord } from '@btf-depot/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startHttpService, type HttpService } from './http-service.ts';
import { createLogger } from '../logger.ts';
import { recordHandlers } from './record-handlers.ts';
import { serveRoutes } from './serve-routes.ts';

const underway = new Underway();
const known = kernelRecord();
const unknown = buildIdOf('not here yet');
let http: HttpService;

beforeAll(async () => {
  const newest = (buildId: string) =>
    Promise.resolve(buildId === known.buildId ? known : undefined);
  http = await startHttpService({
    host: '127.0.0.1',
    port: 0,
    log: createLogger('test', 'silent'),
    router: serveRoutes(RECORD_ROUTES, recordHandlers(newest, underway)),
    checks: {},
  });
});

afterAll(() => http.close());

async function statusOf(buildId: string): Promise<unknown> {
  const response = await fetch(`${http.url}/v1/kernels/${buildId}/status`);
  return response.json();
}

test('a kernel that is being split has a status before it has a record', async () => {
  await underway.during(unknown, async (progress) => {
    expect(await statusOf(unknown)).toMatchObject({
      buildId: unknown,
      state: 'splitting',
      progress: { done: 0, total: 0 },
    });
    progress.tell(17, 2401);
    expect(await statusOf(unknown)).toMatchObject({ progress: { done: 17, total: 2401 } });
  });
  expect(await statusOf(unknown)).toMatchObject({ code: 'unknown-build-id' });
});

test('a known one keeps its state, and shows how far the new upload is', async () => {
  const { buildId, state } = known;
  await underway.during(buildId, async (progress) => {
    progress.tell(1, 2);
    expect(await statusOf(buildId)).toMatchObject({ state, progress: { done: 1, total: 2 } });
  });
  expect(await statusOf(buildId)).not.toHaveProperty('progress');
});

test('of two splits of one kernel the later is shown, until it ends', async () => {
  await underway.during(unknown, async () => {
    await underway.during(unknown, async (progress) => {
      progress.tell(3, 4);
      expect(await statusOf(unknown)).toMatchObject({ progress: { done: 3 } });
    });
    expect(await statusOf(unknown)).toMatchObject({ code: 'unknown-build-id' });
  });
});
