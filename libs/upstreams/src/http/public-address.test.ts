import type dns from 'node:dns';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { checkLiteral, isPublic, publicLookup } from './public-address.ts';

const PRIVATE = [
  '127.0.0.1',
  '0.0.0.0',
  '10.1.2.3',
  '172.16.0.1',
  '192.168.1.1',
  '100.64.0.1',
  '169.254.169.254',
  '224.0.0.1',
  '240.0.0.1',
  '255.255.255.255',
  '198.18.0.1',
  '::',
  '::1',
  'fe80::1',
  'fc00::1',
  'fd00::1',
  'ff02::1',
  '::ffff:127.0.0.1',
  '::ffff:10.0.0.1',
  '64:ff9b::a00:1',
  '2002:7f00:1::',
  '2001:db8::1',
];

test.each(PRIVATE)('%s is not public', (address) => expect(isPublic(address)).toBe(false));

test.each(['8.8.8.8', '2606:4700:4700::1111', '::ffff:8.8.8.8'])('%s is public', (address) => {
  expect(isPublic(address)).toBe(true);
});

test.each([
  'http://127.0.0.1/',
  'http://[::1]:8080/',
  'http://2130706433/',
  'http://0x7f.1/',
  'http://[::ffff:127.0.0.1]/',
  'http://169.254.169.254/latest/',
])('a URL that names a private address itself is refused: %s', (url) => {
  expect(() => checkLiteral(new URL(url))).toThrow('not a public address');
});

describe('a name', () => {
  /** A name server with these answers, one after the other. */
  function resolver(...answers: string[][]) {
    const resolve = (
      _host: string,
      _options: dns.LookupOptions,
      done: (...args: unknown[]) => void,
    ) => {
      const found = answers.shift() ?? [];
      done(
        null,
        found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );
    };
    return promisify(publicLookup(resolve as unknown as typeof dns.lookup));
  }

  test('resolves to its public addresses', async () => {
    const lookup = resolver(['10.0.0.1', '8.8.8.8'], ['8.8.8.8']);
    const public8 = [{ address: '8.8.8.8', family: 4 }];
    expect(await lookup('mixed.example', { all: true })).toEqual(public8);
    expect(await lookup('public.example', { all: false })).toBe('8.8.8.8');
  });

  test.each([[['127.0.0.1', '::1']], [['::ffff:10.0.0.1']], [[]]])(
    'that has none, %j, is refused',
    async (addresses) => {
      const lookup = resolver(addresses);
      await expect(lookup('inside.example', { all: true })).rejects.toThrow('not a public address');
    },
  );

  test('with changing answers is judged by the answer that the connection uses', async () => {
    const lookup = resolver(['8.8.8.8'], ['127.0.0.1']);
    await lookup('rebinding.example', { all: true });
    await expect(lookup('rebinding.example', { all: true })).rejects.toThrow('127.0.0.1');
  });
});
