import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Absent, type CommandLine } from './provision/index.ts';

/** A file system of a few megabytes, in memory, which only the process sees that it is made for. */
export interface SmallDisk {
  /** Where it is. */
  readonly path: string;
  /** What a command begins with that is to see it. */
  readonly command: CommandLine;
  /** Where others find it, while the process runs. */
  readonly within: (pid: number) => string;
  readonly stop: () => Promise<void>;
}

/** @param megabytes that it holds. Throws Absent where the system makes no mount namespaces. */
export async function makeSmallDisk(megabytes: number): Promise<SmallDisk> {
  await promisify(execFile)('unshare', ['-rm', 'true']).catch((cause: unknown) => {
    throw new Absent(
      'a process may not have mounts of its own here',
      'Let this user make user and mount namespaces (kernel.unprivileged_userns_clone).',
      { cause },
    );
  });
  const path = await mkdtemp(join(tmpdir(), 'btf-depot-disk-'));
  const script = `mount -t tmpfs -o size=${megabytes}m none "$0" && exec "$@"`;
  return {
    path,
    command: ['unshare', '-rm', 'sh', '-c', script, path],
    within: (pid) => `/proc/${pid}/root${path}`,
    stop: () => rm(path, { recursive: true }),
  };
}
