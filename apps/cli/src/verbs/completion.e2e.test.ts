import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { btfdepot } from '@btf-depot/testing/processes';
import { expect, test } from 'vitest';

/** bash's own suggestions after these words. */
async function offered(script: string, words: string[]): Promise<string[]> {
  const ask =
    `${script}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _btfdepot; ` +
    `printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await promisify(execFile)('bash', ['-c', ask, 'bash', ...words]);
  return stdout.trim().split('\n');
}

test('bash completes verbs and their options', async () => {
  const { code, output } = await btfdepot(['completion', 'bash'], '.');
  expect(code).toBe(0);
  expect(await offered(output, ['btfdepot', 'ins'])).toEqual(['inspect']);
  expect(await offered(output, ['btfdepot', 'push', '--f'])).toEqual(['--full']);
  expect(await offered(output, ['btfdepot', 'token', 'rev'])).toEqual(['revoke']);
  expect(await offered(output, ['btfdepot', 'token', 'create', '--ke'])).toEqual(['--keep-days']);
  expect(await offered(output, ['btfdepot', 'owner', 'set', '--dis'])).toEqual(['--distrust']);
  expect(await offered(output, ['btfdepot', 'inspect', 'package.j'])).toEqual(['package.json']);
});

test('fish is offered every verb', async () => {
  const { output } = await btfdepot(['completion', 'fish'], '.');
  for (const verb of ['serve', 'push', 'get', 'inspect']) expect(output).toContain(` -a ${verb} `);
});
