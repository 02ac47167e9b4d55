import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

test('a service that cannot start says why and ends, whatever it has begun', async () => {
  const script =
    `import { runService } from ${JSON.stringify(import.meta.resolve('./run.ts'))};\n` +
    `import { commonSettings } from ${JSON.stringify(import.meta.resolve('./settings/common.ts'))};\n` +
    `await runService({ name: 'it', purpose: 'is.', settings: commonSettings }, () => {\n` +
    `  setInterval(() => {}, 1000);\n` +
    `  return Promise.reject(new Error('no port'));\n` +
    `});`;
  const ended = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  await expect(ended).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('no port') as string,
  });
});
