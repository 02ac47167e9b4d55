import { promisify } from 'node:util';
import { AnnounceLater, systemClock } from '@btf-depot/depot';
import { kernelRecord } from '@btf-depot/testing';
import { Webhook as Verifier } from 'standardwebhooks';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startNameServer } from '../testing/name-server.ts';
import { startReceiver } from '../testing/receiver.ts';
import { publicLookup } from '@btf-depot/upstreams';
import { Webhook, type WebhookOptions } from './webhook.ts';

const key = Buffer.alloc(32, 7);
const record = kernelRecord({ state: 'ready', readyAt: '2026-02-02T00:00:00.000Z' });
const refused: Error[] = [];
let receiver: Awaited<ReturnType<typeof startReceiver>>;

beforeAll(async () => {
  receiver = await startReceiver();
});
beforeEach(() => {
  receiver.got.length = 0;
  refused.length = 0;
  receiver.status(204);
});
afterAll(() => receiver.stop());

const webhook = (options: Partial<WebhookOptions> = {}) =>
  new Webhook({ url: receiver.url, key, allowPrivate: true, ...options }, systemClock, (error) =>
    refused.push(error),
  );

/** What `announce` rejects with. */
const later = async (hook: Webhook) => {
  const error: unknown = await hook.announce(record).catch((reason: unknown) => reason);
  if (error instanceof AnnounceLater) return error;
  throw new Error('not to be tried again');
};

test('what is sent is verified by the library of Standard Webhooks', async () => {
  await webhook().announce(record);
  const [{ headers, body } = { headers: {}, body: '' }] = receiver.got;
  const verifier = new Verifier(`whsec_${key.toString('base64')}`);
  expect(verifier.verify(body, headers as Record<string, string>)).toMatchObject({
    type: 'kernel.ready',
    timestamp: record.readyAt,
    data: { buildId: record.buildId, revision: 1, state: 'ready' },
  });
  expect(() => verifier.verify(`${body} `, headers as Record<string, string>)).toThrow();
});

test('the same revision has the same id each time', async () => {
  await webhook().announce(record);
  await webhook().announce(record);
  const ids = receiver.got.map(({ headers }) => headers['webhook-id']);
  expect(ids).toEqual([`${record.buildId}-1`, `${record.buildId}-1`]);
});

test.each([500, 503, 429, 408])(
  'an answer %d is tried again, and others meanwhile',
  async (code) => {
    receiver.status(code);
    expect((await later(webhook())).nobody).toBe(false);
  },
);

test.each([400, 404, 410])('an answer %d is told, and not tried again', async (code) => {
  receiver.status(code);
  await webhook().announce(record);
  expect(refused).toMatchObject([{ message: expect.stringContaining(String(code)) as string }]);
});

test('a redirect is not followed', async () => {
  receiver.status(307, { Location: 'http://127.0.0.1:1/' });
  await later(webhook());
  expect(receiver.got).toHaveLength(1);
});

test('a receiver that is silent, or away, ends the round', async () => {
  receiver.answers(() => undefined);
  expect((await later(webhook({ timeoutMs: 100 }))).nobody).toBe(true);
  const away = new URL('http://127.0.0.1:1/');
  expect((await later(webhook({ url: away }))).nobody).toBe(true);
});

test('an answer without an end is not waited for', async () => {
  receiver.answers((response) => {
    response.writeHead(200);
    response.write('and so on');
  });
  await webhook({ timeoutMs: 2000 }).announce(record);
});

test('a private address is not asked, whether it is named or a name leads there', async () => {
  expect((await later(webhook({ allowPrivate: false }))).message).toContain('not a public address');
  const url = new URL(receiver.url);
  url.hostname = 'localhost';
  const options = { url, allowPrivate: false, lookup: publicLookup() };
  expect((await later(webhook(options))).message).toContain('not a public address');
  expect(receiver.got).toEqual([]);
});

test('a name whose server changes its answer is asked once for each, and judged by that', async () => {
  const answers = ['127.0.0.1', '127.0.0.1', '10.0.0.1', '127.0.0.1'];
  let given = 0;
  const names = await startNameServer(() => answers[given++ % answers.length] ?? '');
  const url = new URL(receiver.url);
  url.hostname = 'receiver.example';
  const lookup = publicLookup(names.lookup);
  for (const times of [1, 2, 3, 4]) {
    const error = await later(webhook({ url, allowPrivate: false, lookup }));
    expect(error.message).toContain(`${answers[times - 1]}, which is not a public address`);
    // A second question would be one whose answer nobody judged.
    expect(names.asked()).toBe(times);
  }
  expect(receiver.got).toEqual([]);
  names.stop();
});

test('of what a name server answers in turn, the connection takes what was judged', async () => {
  // To the connection this address is public: it is what the first answer was.
  let given = 0;
  const names = await startNameServer(() => (given++ === 0 ? '8.8.8.8' : '127.0.0.1'));
  const find = promisify(publicLookup(names.lookup));
  expect(await find('receiver.example', { all: false })).toBe('8.8.8.8');
  await expect(find('receiver.example', { all: false })).rejects.toThrow('127.0.0.1');
  expect(names.asked()).toBe(2);
  names.stop();
});
