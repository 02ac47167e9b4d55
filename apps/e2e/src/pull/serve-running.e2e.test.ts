import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildIdOf as buildIdOfNotes, readNotes } from '@btf-depot/elf';
import { kernelFile } from '@btf-depot/testing';
import { testFolder } from '@btf-depot/testing/folders';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { scriptedUpstream, type ScriptedUpstream } from './scripted-upstream.ts';

const main = fileURLToPath(new URL('../../../cli/src/main.ts', import.meta.url));
const RUNNING = '/sys/kernel/btf/vmlinux';
const script = '/usr/bin/script';

const folder = testFolder();
let upstream: ScriptedUpstream;
const ended: (() => Promise<void>)[] = [];

beforeEach(async () => {
  upstream = await scriptedUpstream();
});
afterEach(async () => {
  await Promise.all(ended.splice(0).map((end) => end()));
  await upstream.dispose();
});

let runs = 0;

/** `btfdepot serve --running`, on a pseudo-terminal (script of util-linux) or without one. */
function serve(settings: Record<string, string>, isTerminal: boolean) {
  const data = join(folder, `data-${runs++}`);
  const args = [main, 'serve', '--running', '--port', '0', '--data', data];
  const line = [process.execPath, ...args].map((word) => `'${word}'`).join(' ');
  const [command, all] = isTerminal
    ? [script, ['-qec', `exec ${line}`, '/dev/null']]
    : [process.execPath, args];
  const env = { ...process.env, DEBUGINFOD_URLS: '', ...settings };
  const child = spawn(command, all, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  }
  ended.push(async () => {
    if (child.exitCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    // Ctrl-C reaches the depot on its terminal.
    if (isTerminal) child.stdin.write('\x03');
    else child.kill('SIGTERM');
    await gone;
  });
  return {
    says: (text: string | RegExp) => {
      const isSaid = () => (typeof text === 'string' ? output.includes(text) : text.test(output));
      return vi.waitFor(() => expect(isSaid(), output).toBe(true), {
        timeout: 60_000,
        interval: 50,
      });
    },
    types: (text: string) => child.stdin.write(text),
    output: () => output,
  };
}

const hasBtf = existsSync(RUNNING) && existsSync('/sys/kernel/notes');

describe.skipIf(!hasBtf)('the variables of the kernel that runs here', { timeout: 120_000 }, () => {
  async function offerRunning(): Promise<string> {
    const notes = readNotes(await readFile('/sys/kernel/notes'), 'little');
    const buildId = buildIdOfNotes(notes) ?? '';
    const btf = new Uint8Array(await readFile(RUNNING));
    upstream.files.set(`/buildid/${buildId}/section/.BTF`, btf);
    upstream.files.set(`/buildid/${buildId}/debuginfo`, kernelFile({ buildId, btf }));
    return buildId;
  }

  test('without a terminal nothing is sent to anyone, and a line says what to set', async () => {
    await offerRunning();
    const depot = serve({ BTFDEPOT_DEBUG_SERVER: upstream.url }, false);
    await depot.says('BTFDEPOT_UPSTREAMS="debuginfod');
    await depot.says('listening');
    expect(upstream.asked).toEqual([]);
  });

  test('a setting that names servers is consent', async () => {
    const buildId = await offerRunning();
    const depot = serve({ DEBUGINFOD_URLS: upstream.url }, false);
    await depot.says('variables: none in what was downloaded');
    expect(upstream.asked).toContain(`/buildid/${buildId}/debuginfo`);
  });

  test('an upstream that does not have it is named, with its answer', async () => {
    const depot = serve({ BTFDEPOT_UPSTREAMS: upstream.setting }, false);
    await depot.says(/variables: none from 127\.0\.0\.1:\d+: it has nothing of this build ID/);
  });

  describe.skipIf(!existsSync(script))('on a terminal', () => {
    test('it is asked once, with host and size, and y downloads it', async () => {
      const buildId = await offerRunning();
      const depot = serve({ BTFDEPOT_DEBUG_SERVER: upstream.url }, true);
      const { host } = new URL(upstream.url);
      await depot.says(`from ${host}? [y/N]`);
      // The depot serves while nobody answers.
      expect(depot.output()).toContain('listening on');
      expect(depot.output()).toMatch(/some [\d.]+ MB to [\d.]+ GB/);
      expect(upstream.asked).toEqual([]);
      depot.types('y\n');
      await depot.says('variables: none in what was downloaded');
      expect(upstream.asked).toContain(`/buildid/${buildId}/debuginfo`);
    });

    test.each(['n\n', '\n'])('%j sends nothing', async (answer) => {
      await offerRunning();
      const depot = serve({ BTFDEPOT_DEBUG_SERVER: upstream.url }, true);
      await depot.says(/\[y\/N\]/);
      depot.types(answer);
      await new Promise((resolve) => setTimeout(resolve, 1000));
      expect(upstream.asked).toEqual([]);
    });
  });
});
