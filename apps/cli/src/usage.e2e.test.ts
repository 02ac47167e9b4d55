import { tmpdir } from 'node:os';
import { btfdepot } from '@btf-depot/testing/processes';
import { expect, test } from 'vitest';

test.each([
  [['nothing-of-the-kind'], /unknown command/],
  [['push'], /missing required argument 'file'/],
  [['token', 'create'], /missing required argument 'name'/],
  [['key', 'create', '--bits', '5', 'x'], /unknown option '--bits'/],
  [['get'], /name a build ID/],
  [['get', 'VMLINUX'], /name a build ID/],
  [['vars'], /name a build ID or a file/],
  [['inlines'], /name a build ID or a file/],
  [['inlines', 'vmlinux', '--address', '0xzz'], /1 to 16 hexadecimal digits/],
  [['inlines', 'vmlinux', 'twice', '--map', 'some.map'], /--map needs --base/],
  [['requeue'], /name build IDs, or use --failed/],
  [['gc', '--min-age', 'long'], /takes hours/],
  [['vars', 'ab'.repeat(20), 'init_*', 'jiffies'], /patterns list variables, names show them/],
  [['vars', 'ab'.repeat(20), 'init_*', '--as', 'btf'], /name a variable/],
  [['vars', 'ab'.repeat(20), '--url', 'depot.example.org'], /not a URL of a depot/],
  [['get', 'ab'.repeat(20), '--url', 'ftp://depot.example.org'], /not a URL of a depot/],
])('%j is wrong usage: exit code 2', async (args, why) => {
  const { code, output } = await btfdepot(args, tmpdir(), { BTFDEPOT_URL: '' });
  expect([code, output]).toEqual([2, expect.stringMatching(why)]);
});

test('settings that are wrong are each named, on a line', async () => {
  const settings = { BTFDEPOT_S3_ENDPOINT: 'nowhere', BTFDEPOT_S3_ACCESS_KEY: '' };
  const { code, output } = await btfdepot(['copy', 's3', 'backup'], tmpdir(), settings);
  expect(code).toBe(1);
  expect(output).toMatch(/^btfdepot: .*ENDPOINT: .*; .*ACCESS_KEY: is not set; .*\n$/);
});
