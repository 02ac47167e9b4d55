import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DepotClient, ProblemError } from '@btf-depot/client';
import { problem, statusOf, statusOfSplitting } from '@btf-depot/contracts';
import { kernelRecord } from '@btf-depot/testing';
import { afterEach, expect, test } from 'vitest';
import { uploadWatched } from './upload-watched.ts';

const record = kernelRecord();
const { buildId } = record;
const file = new Blob([new Uint8Array(100_000)]);
let server: Server | undefined;

afterEach(() => {
  server?.close();
  server?.closeAllConnections();
});

/** A depot that answers an upload after so many requests for its status. */
async function depot(looks: number, status: (look: number) => [code: number, body: unknown]) {
  const asked = Promise.withResolvers<undefined>();
  let look = 0;
  server = createServer((request, response) => {
    if (request.method === 'GET') {
      const [code, body] = status(++look);
      response.writeHead(code).end(JSON.stringify(body));
      if (look === looks) asked.resolve(undefined);
      return;
    }
    request.resume().once('end', () => {
      void asked.promise.then(() => response.writeHead(201).end(JSON.stringify(statusOf(record))));
    });
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return new DepotClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

function bar() {
  const shown: string[] = [];
  return {
    shown,
    show: (stage: string, done: number, total: number) => shown.push(`${stage} ${done}/${total}`),
    busy: (what: string) => shown.push(what),
    stop: () => shown.push('stop'),
  };
}

test("after the last byte the bar shows the depot's progress of splitting", async () => {
  const client = await depot(2, (look) => [
    200,
    statusOfSplitting(buildId, { done: look * 10, total: 30 }),
  ]);
  const progress = bar();
  const answer = await uploadWatched(client, { kernel: file }, { query: {}, progress }, buildId);
  expect(answer).toMatchObject({ outcome: 'created', status: { buildId } });
  expect(progress.shown.filter((line) => !line.startsWith('send'))).toEqual([
    'the depot looks into it',
    'split 10/30',
    'split 20/30',
    'stop',
  ]);
});

test('a depot that does not know is no fault: another process may be splitting', async () => {
  const client = await depot(2, () => [404, problem('unknown-build-id', 'not here')]);
  const progress = bar();
  await uploadWatched(client, { kernel: file }, { query: {}, progress }, buildId);
  expect(progress.shown.filter((line) => line.startsWith('split'))).toEqual([]);
});

test('a failed upload ends the requests for progress', async () => {
  const client = await depot(Infinity, () => {
    setImmediate(() => server?.closeAllConnections());
    return [200, statusOfSplitting(buildId, { done: 1, total: 2 })];
  });
  const progress = bar();
  const sent = uploadWatched(client, { kernel: file }, { query: {}, progress }, buildId);
  await expect(sent).rejects.toThrow(ProblemError);
  expect(progress.shown.at(-1)).toBe('stop');
});
