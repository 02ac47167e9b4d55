import { rm, writeFile } from 'node:fs/promises';
import { TemporaryFolder } from '@btf-depot/testing/temporary-folder';
import { assert, expect, test } from 'vitest';
import { storeKeys } from './store-keys.ts';

const keys = { accessKey: 'user', secretKey: 'first' };

test('keys that are in no file stay', () => {
  expect(storeKeys(keys, {})).toBeUndefined();
});

test('a key in a file is read again; a file that is away for the moment counts as it was', async () => {
  using folder = new TemporaryFolder();
  const file = folder.at('secret');
  await writeFile(file, 'first\n');
  const read = storeKeys(keys, { BTFDEPOT_S3_SECRET_KEY_FILE: file });
  assert(read);
  await writeFile(file, 'second\n');
  await expect.poll(read).toEqual({ accessKey: 'user', secretKey: 'second' });
  await rm(file);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  expect(await read()).toEqual({ accessKey: 'user', secretKey: 'second' });
});
