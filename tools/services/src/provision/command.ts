import { spawn, type SpawnOptions } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { Absent } from './absent.ts';

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that failed; the message ends with its output. */
export class CommandError extends Error {
  readonly code = 'command-failed';
  readonly stderr: string;

  constructor(command: string, why: string, stderr: string, options?: ErrorOptions) {
    const said = stderr.trim().split('\n').slice(-5).join('\n');
    super(`${command}: ${why}${said === '' ? '' : `\n${said}`}`, options);
    this.name = 'CommandError';
    this.stderr = stderr;
  }
}

type Options = Pick<SpawnOptions, 'cwd' | 'env'>;

/** Runs a command to its end, whatever its exit code. Throws Absent when there is no such command. */
export async function attempt(
  command: string,
  args: readonly string[],
  options: Options = {},
): Promise<Ran> {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', (cause: NodeJS.ErrnoException) => {
      const why = `${command} ${cause.code === 'ENOENT' ? 'is not installed' : 'cannot be run'}`;
      reject(new Absent(why, 'Install it, and see that it is in PATH.', { cause }));
    });
    child.once('close', (code) => resolve(code));
  });
  const [code, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  return { code, stdout, stderr };
}

/** Runs a command that must succeed; returns its standard output. */
export async function run(
  command: string,
  args: readonly string[],
  options: Options = {},
): Promise<string> {
  const { code, stdout, stderr } = await attempt(command, args, options);
  if (code !== 0) {
    const short = [command, ...args.slice(0, 3)].join(' ');
    throw new CommandError(short, `exit ${String(code)}`, stderr);
  }
  return stdout;
}
