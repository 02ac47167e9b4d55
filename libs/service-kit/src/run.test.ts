import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
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

/** Runs a service that takes a while to drain, and sends it these signals. */
async function signalled(...signals: NodeJS.Signals[]) {
  const script =
    `import { runUntilSignal } from ${JSON.stringify(import.meta.resolve('./run.ts'))};\n` +
    `import { setTimeout as sleep } from 'node:timers/promises';\n` +
    `const log = { info: () => undefined };\n` +
    `await runUntilSignal(log, async () => {\n` +
    `  console.log('runs');\n` +
    `  const alive = setInterval(() => {}, 1000);\n` +
    `  return {\n` +
    `    async drain() { console.log('drains'); await sleep(${signals.length > 1 ? 60_000 : 300}); },\n` +
    `    async close() { console.log('closes'); clearInterval(alive); },\n` +
    `  };\n` +
    `});`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script]);
  const said: string[] = [];
  const ended = once(child, 'exit') as Promise<[number | null]>;
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    said.push(...chunk.toString().trim().split('\n'));
    const signal = signals.shift();
    if (signal) child.kill(signal);
  }
  return { code: (await ended)[0], said };
}

test.for<[NodeJS.Signals[], string[], number]>([
  [['SIGTERM'], ['runs', 'drains', 'closes'], 0],
  [['SIGINT'], ['runs', 'closes'], 0],
  [['SIGTERM', 'SIGTERM'], ['runs', 'drains'], 1],
  [['SIGTERM', 'SIGINT'], ['runs', 'drains'], 1],
])('%j: %j', async ([signals, said, code]) => {
  expect(await signalled(...signals)).toEqual({ said, code });
});
