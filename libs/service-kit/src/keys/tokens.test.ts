import { systemClock, TokenGuard, type TokenStore } from '@btf-depot/depot';
import { expect, test } from 'vitest';
import { SettingsError } from '../settings/declare.ts';
import { tokenGuards } from './tokens.ts';

const open = (
  host: string,
  rule?: 'off' | 'uploads' | 'all',
  takes: 'uploads' | 'nothing' = 'uploads',
) =>
  tokenGuards(
    { BTFDEPOT_HOST: host, BTFDEPOT_TOKENS: rule, BTFDEPOT_TOKEN_AGE: 5000 },
    takes,
    {} as TokenStore,
    systemClock,
  );

test.each(['127.0.0.1', '127.1.2.3', '::1', 'localhost'])('%s needs no tokens', (host) => {
  expect(open(host)).toEqual({});
});

test.each(['0.0.0.0', '::', '192.168.1.2', 'depot.example', '127.0.0.1.example'])(
  '%s is refused without tokens, also where they were turned off',
  (host) => {
    expect(() => open(host)).toThrow(SettingsError);
    expect(() => open(host, 'off')).toThrow(/BTFDEPOT_TOKENS/);
    expect(open(host, undefined, 'nothing')).toEqual({});
  },
);

test('uploads guards what changes something, all guards reading too', () => {
  expect(open('0.0.0.0', 'uploads')).toEqual({ writes: expect.any(TokenGuard) as TokenGuard });
  const { writes, reads } = open('127.0.0.1', 'all');
  expect(writes).toBeInstanceOf(TokenGuard);
  expect(reads).toBe(writes);
});
