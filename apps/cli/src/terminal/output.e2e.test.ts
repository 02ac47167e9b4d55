import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));

test('the command ends silently when its output is no longer read', async () => {
  const child = spawn(process.execPath, [main, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  expect(await once(child, 'close')).toEqual([141, null]);
  expect(said).toBe('');
});

test('a failed write of the output is an error that says so', async () => {
  const command = `'${process.execPath}' '${main}' --help > /dev/full`;
  await expect(promisify(execFile)('sh', ['-c', command])).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^btfdepot: its output cannot be written: ENOSPC.*\n$/) as string,
  });
});
