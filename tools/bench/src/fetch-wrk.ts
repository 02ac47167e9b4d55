import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  programCommand,
  provideProgram,
  run,
  type DebianProgram,
} from '@btf-depot/services/provision';

const wrk: DebianProgram = { name: 'wrk', suite: 'bookworm', packages: ['wrk'] };

export async function provideWrk(): Promise<void> {
  await provideProgram(wrk);
}

export interface LoadResult {
  requestsPerSecond: number;
  /** The 99th percentile of the latency, in milliseconds. */
  p99: number;
}

/** On a busy machine an answer may take longer than wrk's own 2 s, which are not an error of ours. */
const TIMEOUT = '30s';

const UNITS: Record<string, number> = { us: 0.001, ms: 1, s: 1000 };

/**
 * Loads a server with `wrk -t2 -c16`.
 * @param script path of a Lua script that makes the requests.
 * @throws if an answer was no 2xx.
 */
export async function load(url: string, seconds: number, script?: string): Promise<LoadResult> {
  const [loader, ...first] = programCommand(wrk, 'usr/bin/wrk');
  const scripted = script === undefined ? [] : ['-s', script];
  const args = [
    '-t2',
    '-c16',
    `-d${seconds}s`,
    `--timeout=${TIMEOUT}`,
    '--latency',
    ...scripted,
    url,
  ];
  const output = await run(loader, [...first, ...args]);
  if (/Non-2xx|Socket errors/.test(output)) throw new Error(`wrk met errors:\n${output}`);
  const rate = /Requests\/sec: +([\d.]+)/.exec(output)?.[1];
  const [, latency, unit = ''] = /^ +99% +([\d.]+)(us|ms|s) *$/m.exec(output) ?? [];
  if (rate === undefined || latency === undefined) {
    throw new Error(`wrk said nothing of its rate:\n${output}`);
  }
  return { requestsPerSecond: Number(rate), p99: Number(latency) * (UNITS[unit] ?? NaN) };
}

/** A wrk script that requests the paths in turn; it is written into `folder`. */
export async function pathsScript(folder: string, paths: readonly string[]): Promise<string> {
  const script = join(folder, `paths-${paths.length}.lua`);
  const list = paths.map((path) => JSON.stringify(path)).join(',\n');
  await writeFile(
    script,
    `local paths = {${list}}
    local at = 0
    request = function()
      at = at % #paths + 1
      return wrk.format("GET", paths[at])
    end`,
  );
  return script;
}
