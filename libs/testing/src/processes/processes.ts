import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../..', import.meta.url));

export interface StartedProcess {
  readonly pid: number;
  /** Resolves with the first line of output that matches; rejects when the process ends first. */
  line(pattern: RegExp): Promise<string>;
  /** Sends a signal and resolves with the exit code, null if a signal ended it. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
  /** Sends a signal without waiting. */
  signal(signal: NodeJS.Signals): void;
  /** All lines so far, of both outputs. */
  lines: string[];
}

/**
 * Runs a TypeScript file of the project, a path from its root, as its own process.
 * @param within a command that runs it, such as a wrapper.
 */
export function startProcess(
  script: string,
  args: string[],
  environment: Record<string, string>,
  within: readonly string[] = [],
): StartedProcess {
  const [command, ...first] = [...within, process.execPath];
  const child = spawn(command, [...first, script, ...args], {
    cwd: root,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  const wake = () => {
    for (const look of waiting) look();
  };
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on('line', (line) => {
      lines.push(line);
      wake();
    });
  }
  return {
    pid: child.pid ?? 0,
    signal: (signal) => void child.kill(signal),
    lines,
    line: (pattern) =>
      new Promise((resolve, reject) => {
        let seen = 0;
        const look = () => {
          const found = lines.slice(seen).find((line) => pattern.test(line));
          seen = lines.length;
          if (found === undefined) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
        void ended.then((code) => {
          if (waiting.delete(look)) reject(new Error(`ended (${code}):\n${lines.join('\n')}`));
        });
      }),
    async stop(signal = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      return ended;
    },
  };
}

/** The address in the log of a service or the embedded depot. */
export async function urlOf(process: StartedProcess): Promise<string> {
  const line = await process.line(/listening/);
  return /http:\/\/[\d.]+:\d+/.exec(line)?.[0] ?? '';
}

export interface StartedDepot extends StartedProcess {
  url: string;
}

/**
 * The embedded depot on a free port; the caller stops it. Rejects if it does not start.
 * @param data its folder.
 * @param args after `btfdepot serve`.
 */
export async function startDepot(
  data: string,
  settings: Record<string, string> = {},
  args: string[] = [],
): Promise<StartedDepot> {
  const process = startProcess('apps/cli/src/main.ts', ['serve', '--port', '0', ...args], {
    BTFDEPOT_DATA: data,
    ...settings,
  });
  return { ...process, url: await urlOf(process) };
}

export interface CommandResult {
  code: number | null;
  output: string;
}

/** Runs `btfdepot` to its end. */
export async function btfdepot(
  args: string[],
  cwd: string,
  environment: Record<string, string> = {},
): Promise<CommandResult> {
  const main = fileURLToPath(new URL('../../../../apps/cli/src/main.ts', import.meta.url));
  const child = spawn(process.execPath, [main, ...args], {
    cwd,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  }
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}

/** The settings that name a bucket. */
export function bucketSettings(bucket: {
  endpoint: string;
  accessKey: string;
  secretKey: string;
  bucket: string;
}): Record<string, string> {
  return {
    BTFDEPOT_S3_ENDPOINT: bucket.endpoint,
    BTFDEPOT_S3_ACCESS_KEY: bucket.accessKey,
    BTFDEPOT_S3_SECRET_KEY: bucket.secretKey,
    BTFDEPOT_S3_BUCKET: bucket.bucket,
  };
}
