import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gdbCommand, startDebuginfod, type DebuginfodServer } from '@btf-depot/services';
import { testFolder } from '@btf-depot/testing/folders';
import { startDepot, type StartedDepot } from '@btf-depot/testing/processes';
import { runIn } from '@btf-depot/testing/programs';
import { afterAll, beforeAll, expect, test } from 'vitest';

const run = promisify(execFile);
const folder = testFolder();
let debuginfod: DebuginfodServer;
let depot: StartedDepot;

/** A program without its debug information, which a debuginfod has, and a depot over that. */
beforeAll(async () => {
  await writeFile(join(folder, 'main.c'), 'int counted = 7;\nint main(void) { return counted; }\n');
  const shell = (command: string) => runIn(folder, ['sh', '-c', command]);
  await shell('gcc -g -Wl,--build-id -o program main.c');
  await shell('objcopy --only-keep-debug program program.debug && strip -g program');
  const notes = await shell('readelf -n program');
  const [, buildId = ''] = /Build ID: ([0-9a-f]+)/.exec(notes) ?? [];
  debuginfod = await startDebuginfod({ [buildId]: join(folder, 'program.debug') });
  depot = await startDepot(join(folder, 'data'), {
    BTFDEPOT_UPSTREAMS: `debuginfod ${debuginfod.url}`,
    BTFDEPOT_LOG_LEVEL: 'info',
  });
}, 240_000);
afterAll(async () => {
  await depot.stop();
  await debuginfod.stop();
});

async function lineOfMain(...urls: string[]): Promise<string> {
  const { command, env } = await gdbCommand();
  const [program, ...args] = command;
  const options = ['-batch', '-nx', '-iex', 'set debuginfod enabled on', '-ex', 'info line main'];
  const { stdout, stderr } = await run(program, [...args, ...options, join(folder, 'program')], {
    env: {
      ...env,
      DEBUGINFOD_URLS: urls.join(' '),
      DEBUGINFOD_CACHE_PATH: join(folder, `cache-${urls.length}`),
      HOME: folder,
      PATH: process.env.PATH,
    },
  });
  return stdout + stderr;
}

const pulls = () => depot.lines.filter((line) => /"msg":"(not )?pulled"/.test(line));

test('gdb that asks a pulling depot for a program has nothing fetched, and goes on without', async () => {
  expect(await lineOfMain(depot.url)).toMatch(/No line number information/);
  expect(pulls()).toEqual([]);
});

test('gdb that asks the depot and a debuginfod gets what the debuginfod has', async () => {
  expect(await lineOfMain(depot.url, debuginfod.url)).toMatch(/Line 2 of "[^"]*main\.c"/);
  expect(pulls()).toEqual([]);
});
