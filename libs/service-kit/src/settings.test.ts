import { expect, test } from 'vitest';
import {
  byteSize,
  listenSettings,
  readSettings,
  seconds,
  SettingsError,
  wholeNumber,
} from './settings.ts';

const shape = {
  SIZE: byteSize.prefault('2g'),
  TIME: seconds.prefault('0.5'),
  COUNT: wholeNumber(1, 9),
};

test('defaults, units and numbers', () => {
  expect(readSettings(shape, { COUNT: '3' })).toEqual({ SIZE: 2 ** 31, TIME: 500, COUNT: 3 });
  expect(readSettings(shape, { COUNT: '9', SIZE: '64K', TIME: '30' })).toEqual({
    SIZE: 65536,
    TIME: 30_000,
    COUNT: 9,
  });
});

test('an empty variable is one that is not set', () => {
  expect(readSettings(listenSettings, { BTFDEPOT_PORT: '', BTFDEPOT_HOST: '' })).toEqual({
    BTFDEPOT_HOST: '127.0.0.1',
    BTFDEPOT_PORT: 8080,
    BTFDEPOT_TRUSTED_PROXIES: [],
    BTFDEPOT_ALLOWED_HOSTS: [],
  });
});

test('every setting that is wrong is named at once', () => {
  const read = () => readSettings(shape, { SIZE: '12 parsecs', TIME: '-1', COUNT: '10' });
  expect(read).toThrow(SettingsError);
  expect(read).toThrow(/SIZE: .*12 parsecs[^]*TIME: [^]*COUNT: /);
  expect(() => readSettings(shape, {})).toThrow('COUNT: is not set');
});
