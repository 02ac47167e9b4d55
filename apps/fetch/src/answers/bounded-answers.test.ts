import { request as httpRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import { DepotClient } from '@btf-depot/client';
import type { ResolveAnswer } from '@btf-depot/contracts';
import { buildIdOf, kernelBtf } from '@btf-depot/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hostileKernel, TWINS } from '../testing/hostile-kernel.ts';
import { startFetch, type StartedFetch } from '../testing/start-fetch.ts';

const MEBI = 2 ** 20;
const hostile = buildIdOf('hostile');
const sound = buildIdOf('sound');
const twin = `/v1/kernels/${hostile}/vars/twin`;

let small: StartedFetch;
let large: StartedFetch;

beforeAll(async () => {
  // Answers of a fifth of what the twins take; and of as much as the text of all of them.
  small = await startFetch({ BTFDEPOT_ANSWER_SIZE: 4 * MEBI });
  large = await startFetch({ BTFDEPOT_ANSWER_SIZE: 64 * MEBI, BTFDEPOT_HOT_ANSWERS: 256 * MEBI });
  for (const depot of [small, large]) {
    await depot.store({ core: hostileKernel() }, { buildId: hostile });
    await depot.store({ core: kernelBtf() }, { buildId: sound });
  }
});

afterAll(() => Promise.all([small.close(), large.close()]));

/** As one of several clients. */
function post(depot: StartedFetch, path: string, client: number, body: object): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { 'Content-Type': 'application/json' };
    const localAddress = `127.0.1.${client}`;
    httpRequest(depot.url + path, { method: 'POST', headers, localAddress })
      .on('response', (response) => resolve(text(response)))
      .on('error', reject)
      .end(JSON.stringify(body));
  });
}

describe('an answer has a limit of bytes', () => {
  test('one name with thousands of variables comes in pages, each of them once', async () => {
    const first = await (await small.get(twin)).text();
    expect(first.length).toBeLessThan(6 * MEBI);
    const { variables } = await new DepotClient(small.url).variable(hostile, 'twin');
    const offsets = new Set(variables.map(({ offset }) => offset));
    expect([variables.length, offsets.size]).toEqual([TWINS, TWINS]);
  });

  test('as C, the pieces are the whole file', async () => {
    const answer = await small.get(`${twin}?as=c`);
    expect(answer.headers.get('link')).toMatch(/^<\?as=c&page=\d+>; rel="next"$/);
    expect((await answer.bytes()).length).toBeLessThan(6 * MEBI);
    const client = new DepotClient(small.url);
    const pieces = Buffer.from(await client.variableAs(hostile, 'twin', 'c'));
    const whole = Buffer.from(await (await large.get(`${twin}?as=c`)).bytes());
    expect(pieces.equals(whole)).toBe(true);
  });

  test('as BTF, all variables share the types', async () => {
    const answer = await small.get(`${twin}?as=btf`);
    expect((await answer.bytes()).length).toBeLessThan(MEBI);
  });

  test('many names: the answer tells where it stopped, and a client requests the rest', async () => {
    const names = ['twin', 'plain', 'twin', 'nothing'];
    const path = `/v1/kernels/${hostile}/vars/resolve`;
    const body = JSON.parse(await post(small, path, 1, { names })) as Partial<ResolveAnswer>;
    expect(body).toMatchObject({ next: 1, found: [{ name: 'twin' }] });
    expect(body.found?.[0]?.next).toMatch(/^\d+$/);
    const answer = await new DepotClient(small.url).resolve(hostile, names);
    const counts = answer.found.map(({ name, variables }) => [name, variables.length]);
    expect(counts).toEqual([
      ['twin', TWINS],
      ['plain', 1],
    ]);
    expect(answer.missing.map(({ name }) => name)).toEqual(['nothing']);
  });

  test('a page ends where there is no more room, whatever limit it was given', async () => {
    const tiny = await startFetch({ BTFDEPOT_ANSWER_SIZE: 10_000 });
    await tiny.store({ core: hostileKernel() }, { buildId: hostile });
    const answer = await (await tiny.get(`/v1/kernels/${hostile}/vars?limit=1000`)).json();
    const { variables, next } = answer as { variables: unknown[]; next: string };
    expect(variables.length).toBeLessThan(100);
    expect(next).toMatch(/^twin~\d+$/);
    await tiny.close();
  });
});

test('a cheap question is answered before the long one of another client ends', async () => {
  const ended: string[] = [];
  const end = (what: string) => (answer: string) => {
    ended.push(what);
    return answer;
  };
  const resolve = (id: string) => `/v1/kernels/${id}/vars/resolve`;
  const long = [1, 2, 3].map((at) =>
    // Not the same, lest they share one answer.
    post(large, resolve(hostile), 1, { names: ['twin', `nothing${at}`] }).then(end('long')),
  );
  const short = post(large, resolve(sound), 2, { names: ['current_task'] }).then(end('short'));
  expect(await short).toContain('current_task');
  await Promise.all(long);
  expect(ended).toEqual(['short', 'long', 'long', 'long']);
});

test("a client that repeats another's request does not wait for the other's whole list", async () => {
  const ended: string[] = [];
  const resolve = `/v1/kernels/${hostile}/vars/resolve`;
  const ask = (client: number, name: string) =>
    post(large, resolve, client, { names: ['plain', name] }).then(() => ended.push(name));
  const long = Array.from({ length: 4 }, (_, at) =>
    post(large, resolve, 1, { names: ['twin', `more${at}`] }).then(() => ended.push('long')),
  );
  const first = ask(1, 'shared');
  const other = ask(2, 'shared');
  await Promise.all([...long, first, other]);
  expect(ended.slice(0, 2)).toEqual(['shared', 'shared']);
});
