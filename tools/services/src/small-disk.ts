import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Absent, type CommandLine } from './provision/index.ts';

/** A file system of some megabytes, in memory, which only chosen processes see. */
export interface SmallDisk {
  /** Its path for them. */
  readonly path: string;
  /** The beginning of the command of such a process. */
  readonly command: CommandLine;
  /** Takes all the remaining space; resolves with a function that frees it. */
  readonly fill: () => Promise<() => Promise<void>>;
  /** Ends it, when no process uses it any more. */
  readonly stop: () => Promise<void>;
}

const MEGABYTE = 1024 * 1024;

/** Joins a process's mounts, goes back to the former folder, and becomes the command. */
const INSIDE = `exec nsenter -t "$0" -U -m --preserve-credentials sh -c 'cd "$0" && exec "$@"' "$PWD" "$@"`;

/**
 * Its bytes stay until `stop`, whichever process ends meanwhile.
 * @param megabytes its size. Throws Absent on a system without mount namespaces.
 */
export async function makeSmallDisk(megabytes: number): Promise<SmallDisk> {
  await promisify(execFile)('unshare', ['-rm', 'true']).catch((cause: unknown) => {
    throw new Absent(
      'a process may not have mounts of its own here',
      'Let this user make user and mount namespaces (kernel.unprivileged_userns_clone).',
      { cause },
    );
  });
  const path = await mkdtemp(join(tmpdir(), 'btf-depot-disk-'));
  // It keeps the mount until its input ends: at the latest with this process.
  const script = `mount -t tmpfs -o size=${megabytes}m none "$0" && echo mounted && exec cat`;
  const keeper = spawn('unshare', ['-rm', 'sh', '-c', script, path], {
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true,
  });
  const ended = once(keeper, 'exit');
  const mounted = once(keeper.stdout, 'data').then(() => true);
  if (!(await Promise.race([mounted, ended.then(() => false)]))) {
    throw new Error(`no file system of ${megabytes} MB could be mounted at ${path}`);
  }
  const pid = keeper.pid ?? 0;
  const ballast = join(`/proc/${pid}/root${path}`, 'ballast');
  return {
    path,
    command: ['sh', '-c', INSIDE, `${pid}`],
    fill: async () => {
      await fill(ballast);
      return () => rm(ballast, { force: true });
    },
    stop: async () => {
      keeper.stdin.end();
      await ended;
      await rm(path, { recursive: true });
    },
  };
}

/** Writes to a file until there is no space left, whatever else is written meanwhile. */
async function fill(path: string): Promise<void> {
  await using file = await open(path, 'w');
  for (const size of [MEGABYTE, 4096]) {
    const chunk = Buffer.alloc(size);
    for (let full = false; !full;) {
      full = await file.write(chunk).then(
        ({ bytesWritten }) => bytesWritten < size,
        (error: unknown) => (error as NodeJS.ErrnoException).code === 'ENOSPC',
      );
    }
  }
}
