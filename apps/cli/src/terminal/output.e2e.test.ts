import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));

test('who reads no further ends the command, without a word', async () => {
  const child = spawn(process.execPath, [main, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  expect(await once(child, 'close')).toEqual([141, null]);
  expect(said).toBe('');
});

test('output that cannot be written is an error that says so', async () => {
  const command = `'${process.execPath}' '${main}' --help > /dev/full`;
  await expect(promisify(execFile)('sh', ['-c', command])).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^btfdepot: its output cannot be written: ENOSPC.*\n$/) as string,
  });
});
