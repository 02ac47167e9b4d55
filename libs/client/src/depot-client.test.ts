import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { manifest, problem, PROBLEM_MEDIA_TYPE, type ProblemCode } from '@btf-depot/contracts';
import { buildIdOf, collect, kernelRecord, sha256Of, someBytes } from '@btf-depot/testing';
import { afterEach, describe, expect, test } from 'vitest';
import { DepotClient } from './depot-client.ts';

const quick = { patience: { rounds: 3, pauseMs: 1 } };
const servers: Server[] = [];

afterEach(async () => {
  await Promise.all(
    servers.splice(0).map(
      (server) =>
        new Promise((resolve) => {
          server.close(resolve);
          server.closeAllConnections();
        }),
    ),
  );
});

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A depot that gives these answers in turn, the last one for ever. */
async function depot(...answers: Answer[]): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const answer = answers[Math.min(asked.length, answers.length - 1)];
    const { range = '', authorization = '' } = request.headers;
    asked.push(`${request.url ?? ''} ${range} ${authorization}`.trim());
    answer(request, response);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

function refuse(code: ProblemCode): Answer {
  return (_request, response) => {
    const body = problem(code, 'a detail');
    response.writeHead(body.status, { 'Content-Type': PROBLEM_MEDIA_TYPE });
    response.end(JSON.stringify(body));
  };
}

function json(body: unknown): Answer {
  return (_request, response) => response.end(JSON.stringify(body));
}

const cut: Answer = (request) => request.socket.destroy();

const record = kernelRecord();
const { buildId } = record;

describe('several depots', () => {
  test('a kernel that the first lacks is requested from the next', async () => {
    const first = await depot(refuse('unknown-build-id'));
    const second = await depot(json(record));
    expect(await new DepotClient([first.url, second.url]).record(buildId)).toEqual(record);
    expect(first.asked).toEqual([`/v1/kernels/${buildId}?pull=no`]);
  });

  test('requests end at the first that has it', async () => {
    const first = await depot(json(record));
    const second = await depot(json(record));
    await new DepotClient([first.url, second.url]).record(buildId);
    expect(second.asked).toEqual([]);
  });

  test('a kernel that none has is missing, unless one could not answer', async () => {
    const missing = await depot(refuse('unknown-build-id'));
    const broken = await depot(refuse('store-unavailable'));
    const client = (...urls: string[]) => new DepotClient(urls, quick);
    expect(await client(missing.url, missing.url).record(buildId)).toBeUndefined();
    await expect(client(missing.url, broken.url).record(buildId)).rejects.toMatchObject({
      code: 'store-unavailable',
    });
    expect(broken.asked).toHaveLength(quick.patience.rounds);
  });

  test('an unreachable one is skipped', async () => {
    const there = await depot(json(record));
    const client = new DepotClient(['http://127.0.0.1:9', there.url], quick);
    expect(await client.record(buildId)).toEqual(record);
  });
});

describe('a temporary failure', () => {
  test('is retried', async () => {
    const { url, asked } = await depot(cut, refuse('busy'), json(record));
    expect(await new DepotClient(url, quick).record(buildId)).toEqual(record);
    expect(asked).toHaveLength(3);
  });

  test('not for ever', async () => {
    await expect(
      new DepotClient('http://127.0.0.1:9', quick).record(buildId),
    ).rejects.toMatchObject({ code: 'unreachable' });
  });

  test('unlike a permanent failure', async () => {
    const { url, asked } = await depot(refuse('withdrawn'));
    await expect(new DepotClient(url, quick).record(buildId)).rejects.toMatchObject({
      code: 'withdrawn',
      status: 410,
    });
    expect(asked).toHaveLength(1);
  });

  test('ends at once by the signal', async () => {
    const { url } = await depot(refuse('busy'));
    const client = new DepotClient(url, { patience: { rounds: 5, pauseMs: 60_000 } });
    const asking = client.record(buildId, AbortSignal.timeout(50));
    await expect(asking).rejects.toMatchObject({ name: 'TimeoutError' });
  });
});

test('a token is sent to the first depot, with uploads too, and to no other', async () => {
  const first = await depot(refuse('unknown-build-id'), refuse('forbidden'));
  const second = await depot(json(record));
  const client = new DepotClient([first.url, second.url], { ...quick, token: 'btfd_secret' });
  await client.record(buildId);
  await expect(client.upload({ kernel: new Blob(['x']) })).rejects.toMatchObject({
    code: 'forbidden',
  });
  expect(first.asked).toEqual([
    `/v1/kernels/${buildId}?pull=no  Bearer btfd_secret`,
    '/v1/kernels  Bearer btfd_secret',
  ]);
  expect(second.asked).toEqual([`/v1/kernels/${buildId}?pull=no`]);
});

test.each(['<html>', '{}', '[]', 'null'])('an answer that is no depot’s: %s', async (body) => {
  const { url } = await depot((_request, response) => response.end(body));
  await expect(new DepotClient(url, quick).record(buildId)).rejects.toMatchObject({
    code: 'not-a-depot',
  });
});

describe('blobs', () => {
  const bytes = someBytes(100_000, 'blob');
  const entry = { sha256: sha256Of(bytes), size: bytes.length, mediaType: 'application/gzip' };
  const text = new TextEncoder().encode(manifest(record, []));
  const listed = { sha256: sha256Of(text), size: text.length, mediaType: 'text/plain' };
  const withBlob = { ...record, artifacts: { 'a.gz': entry, manifest: listed } };
  const path = `/v1/blobs/sha256/${entry.sha256}`;

  /** Sends the range that is asked for; cuts the connection after so many bytes of it. */
  function send(cutAfter = Infinity, what = bytes): Answer {
    return ({ headers: { range } }, response) => {
      const start = Number(/\d+/.exec(range ?? '0')?.[0]);
      response.writeHead(range === undefined ? 200 : 206, {
        'Content-Length': what.length - start,
      });
      const end = Math.min(start + cutAfter, what.length);
      response.write(what.subarray(start, end), () => {
        if (end < what.length) response.destroy();
        else response.end();
      });
    };
  }

  /** Of a depot that is asked for an artifact: the record, the manifest, and then these. */
  const artifact = (...answers: Answer[]) =>
    depot(json(withBlob), send(Infinity, text), ...answers);

  test('go on where the connection broke, and are checked', async () => {
    const { url, asked } = await artifact(send(40_000), send(40_000), send());
    const got = await new DepotClient(url, quick).artifact(buildId, 'a.gz');
    expect(got.bytes).toEqual(bytes);
    expect(asked.slice(2)).toEqual([path, `${path} bytes=40000-`, `${path} bytes=80000-`]);
  });

  /** As a proxy that does not honour a range: from this byte on, whichever was asked for. */
  const sendFrom =
    (status: number, headers: Record<string, string>, what = bytes): Answer =>
    (_request, response) => {
      response.writeHead(status, { 'Content-Length': what.length, ...headers });
      response.end(what);
    };

  test.each([
    ['the whole with 200', sendFrom(200, {})],
    ['the whole with 206', sendFrom(206, { 'Content-Range': 'bytes 0-99999/100000' })],
    [
      'an earlier range',
      sendFrom(206, { 'Content-Range': 'bytes 30000-99999/100000' }, bytes.subarray(30_000)),
    ],
  ])('go on where a range is answered with %s', async (_, rest) => {
    const { url, asked } = await artifact(send(40_000), rest);
    const got = await new DepotClient(url, quick).artifact(buildId, 'a.gz');
    expect(got.bytes).toEqual(bytes);
    expect(asked.slice(2)).toEqual([path, `${path} bytes=40000-`]);
  });

  test.each([
    ['a later range', sendFrom(206, { 'Content-Range': 'bytes 50000-99999/100000' })],
    ['another unit', sendFrom(206, { 'Content-Range': 'lines 1-2/3' })],
    ['no bytes', sendFrom(204, {})],
  ])('do not go on where a range is answered with %s', async (_, rest) => {
    const { url } = await artifact(send(40_000), rest);
    await expect(new DepotClient(url, quick).artifact(buildId, 'a.gz')).rejects.toMatchObject({
      code: 'not-a-depot',
    });
  });

  test('a proxy that cuts each time and honours no range is given up', async () => {
    const half: Answer = (_request, response) => {
      response.writeHead(200, { 'Content-Length': bytes.length });
      response.write(bytes.subarray(0, 50_000), () => response.destroy());
    };
    const { url, asked } = await artifact(half, half, half, half, half, half, half);
    await expect(new DepotClient(url, quick).artifact(buildId, 'a.gz')).rejects.toMatchObject({
      code: 'cut',
    });
    expect(asked.length).toBeLessThan(10);
  });

  test('go on at another depot', async () => {
    const first = await artifact(send(30_000), refuse('unknown-blob'));
    const second = await depot(send());
    const client = new DepotClient([first.url, second.url], quick);
    expect((await client.artifact(buildId, 'a.gz')).bytes).toEqual(bytes);
    expect(second.asked).toEqual([`${path} bytes=30000-`]);
  });

  test('wrong bytes, and too many, are refused', async () => {
    const other = await artifact(send(Infinity, someBytes(100_000, 'other')));
    const longer = await artifact(send(Infinity, someBytes(100_001, 'longer')));
    for (const { url } of [other, longer]) {
      await expect(new DepotClient(url, quick).artifact(buildId, 'a.gz')).rejects.toMatchObject({
        code: 'digest-mismatch',
      });
    }
  });

  test('a depot that breaks off without a byte is given up', async () => {
    const none: Answer = (_request, response) => {
      response.writeHead(200, { 'Content-Length': 10 });
      response.flushHeaders();
      setTimeout(() => response.destroy(), 5);
    };
    const { url } = await artifact(none);
    await expect(new DepotClient(url, quick).artifact(buildId, 'a.gz')).rejects.toMatchObject({
      code: 'cut',
    });
  });

  test.each([
    ['unknown-build-id', refuse('unknown-build-id')],
    ['pending', json(record)],
    ['unknown-artifact', json({ ...record, state: 'ready' })],
  ])('%s', async (code, answer) => {
    const { url } = await depot(answer);
    await expect(
      new DepotClient(url, quick).artifact(buildIdOf('x'), 'a.gz'),
    ).rejects.toMatchObject({ code });
  });
});

test('pages are followed to the end', async () => {
  const kernel = (seed: string) => ({ buildId: buildIdOf(seed), revision: 1, state: 'ready' });
  const { url, asked } = await depot(
    json({ kernels: [kernel('a')], next: 'aa' }),
    json({ kernels: [kernel('b')] }),
  );
  const found = await collect(new DepotClient(url).kernels({ distro: 'debian' }));
  expect(found).toEqual([kernel('a'), kernel('b')]);
  expect(asked).toEqual(['/v1/kernels?distro=debian', '/v1/kernels?distro=debian&page=aa']);
});
