import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { DepotClient } from '@btf-depot/client';
import { problem, PROBLEM_MEDIA_TYPE, statusOf } from '@btf-depot/contracts';
import { buildIdOf, kernelFile, kernelRecord } from '@btf-depot/testing';
import { testFolder } from '@btf-depot/testing/folders';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { pushFile } from './push-file.ts';

const patience = { rounds: 4, pauseMs: 1 };
const buildId = buildIdOf('pushed');
const record = kernelRecord({ buildId, state: 'ready' });
const folder = testFolder();
let file: string;
let server: Server | undefined;

beforeAll(async () => {
  file = join(folder, 'vmlinux');
  await writeFile(file, kernelFile({ buildId }));
});

afterEach(() => {
  server?.close();
  server?.closeAllConnections();
});

/** A depot with these answers, for as many requests; for anything else it is busy. */
async function depot(answers: Record<string, () => [status: number, body: unknown] | undefined>) {
  const asked: string[] = [];
  server = createServer((request, response) => {
    // Files that are about to be sent must not be fetched.
    const what = `${request.method ?? ''} ${request.url?.replace('?pull=no', '') ?? ''}`;
    asked.push(what);
    request.resume().once('end', () => {
      const [status, body] = answers[what]?.() ?? [503, problem('busy', 'not now')];
      response.writeHead(status, { 'Content-Type': PROBLEM_MEDIA_TYPE }).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const client = new DepotClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return { client, asked };
}

const GET = `GET /v1/kernels/${buildId}`;
const POST = 'POST /v1/kernels';
const LOOK = `${GET}/status`;
const unknown = () => [404, problem('unknown-build-id', 'not here')] as [number, unknown];

test('an ailing depot is asked as often as the patience says, and no more', async () => {
  const { client, asked } = await depot({});
  const pauses: number[] = [];
  const pushed = pushFile(client, file, {
    query: {},
    patience,
    onRetry: (_why, pause) => pauses.push(pause),
  });
  await expect(pushed).rejects.toMatchObject({ code: 'busy' });
  expect(asked).toEqual(Array(patience.rounds).fill(GET));
  expect(pauses).toHaveLength(patience.rounds - 1);
});

test('so is one that accepts no upload', async () => {
  const { client, asked } = await depot({ [GET]: unknown });
  await expect(pushFile(client, file, { query: {}, patience })).rejects.toMatchObject({
    code: 'busy',
  });
  expect(asked.filter((what) => what === POST)).toHaveLength(patience.rounds);
});

test('one that is briefly unreachable while it compresses is asked again', async () => {
  let looks = 0;
  const { client, asked } = await depot({
    [GET]: unknown,
    [POST]: () => [201, statusOf({ ...record, state: 'compressing' })],
    [LOOK]: () => (++looks < patience.rounds ? undefined : [200, statusOf(record)]),
  });
  const pushed = await pushFile(client, file, { query: {}, patience });
  expect(pushed).toMatchObject([{ outcome: 'created', status: { state: 'ready' } }]);
  expect(asked.filter((what) => what === LOOK)).toHaveLength(patience.rounds);
});
