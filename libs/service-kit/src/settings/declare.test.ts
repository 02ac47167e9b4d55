import { writeFile } from 'node:fs/promises';
import { TemporaryFolder } from '@btf-depot/testing/temporary-folder';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { commonSettings, publicSettings } from './common.ts';
import {
  byteSize,
  oneOf,
  readSettings,
  seconds,
  setting,
  SettingsError,
  text,
  wholeNumber,
} from './declare.ts';
import { settingsHelp, settingsTable } from './describe.ts';

const shape = {
  SIZE: setting(byteSize, '2g', 'How large.'),
  TIME: setting(seconds, '0.5', 'How long.'),
  COUNT: setting(wholeNumber(1, 9), undefined, 'How many.'),
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
  const all = { ...commonSettings, ...publicSettings };
  expect(readSettings(all, { BTFDEPOT_PORT: '', BTFDEPOT_HOST: '' })).toEqual({
    BTFDEPOT_HOST: '127.0.0.1',
    BTFDEPOT_PORT: 8080,
    BTFDEPOT_LOG_LEVEL: 'info',
    BTFDEPOT_ADMIN_HOST: '127.0.0.1',
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

test('help says value, default and sentence of each setting', () => {
  const declared = { ...shape, NAME: setting(text.optional(), undefined, 'Which.') };
  const help = settingsHelp(declared);
  expect(help).toContain('  SIZE (bytes; default 2g)\n      How large.\n');
  expect(help).toContain('  TIME (seconds; default 0.5)\n      How long.\n');
  expect(help).toContain('  COUNT (1 to 9; must be set)\n      How many.\n');
  expect(help).toContain('  NAME (text)\n      Which.\n');
  expect(() => settingsHelp({ BARE: z.string() })).toThrow('BARE is not declared');
});

test('the table says who has a setting, and whose default differs', () => {
  const level = (standard: 'low' | 'high') => setting(oneOf('low', 'high'), standard, 'A|B.');
  const table = settingsTable({
    one: { SIZE: shape.SIZE, LEVEL: level('low') },
    two: { LEVEL: level('high') },
  });
  expect(table.split('\n')).toEqual([
    '| setting | value         | default        | of  | what it does |',
    '| ------- | ------------- | -------------- | --- | ------------ |',
    '| `SIZE`  | bytes         | 2g             | one | How large.   |',
    '| `LEVEL` | `low`, `high` | low; two: high | all | A\\|B.        |',
  ]);
});

test('the table has the sentence of each service that says something of its own', () => {
  const redis = (sentence: string) => setting(oneOf('x'), undefined, sentence);
  const table = settingsTable({
    ingest: { REDIS: redis('The queue.') },
    compressor: { REDIS: redis('The queue.') },
    fetch: { REDIS: redis('Upstreams.') },
  });
  expect(table).toContain('| The queue. Fetch: Upstreams. |');
});

test('a setting may be the text of a file, whose last line end is not of it', async () => {
  using folder = new TemporaryFolder();
  const path = folder.at('secret');
  await writeFile(path, ' s3cret\n');
  const secret = { SECRET: setting(text, undefined, 'A secret.') };
  expect(readSettings(secret, { SECRET_FILE: path })).toEqual({ SECRET: ' s3cret' });
  expect(() => readSettings(secret, { SECRET_FILE: path, SECRET: 'other' })).toThrow(
    'SECRET: SECRET_FILE is set too',
  );
  expect(() => readSettings(secret, { SECRET_FILE: `${path}.none` })).toThrow(
    /SECRET_FILE: ENOENT/,
  );
});
