import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Absent } from './absent.ts';
import { cacheFolder } from './cache-folder.ts';
import { say } from './say.ts';

/**
 * Runs `work` while no other process holds the lock of this name.
 *
 * Node has no flock(2), and a lock file with a process id outlives a killed process. So flock(1)
 * holds the lock while its standard input is open: the kernel closes that however we end.
 */
export async function withLock<T>(name: string, work: () => Promise<T>): Promise<T> {
  const folder = join(cacheFolder(), 'locks');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, name.replaceAll('/', '-'));
  const holder = spawn('flock', [file, 'sh', '-c', 'echo held; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    // A Ctrl-C for us must not release the lock while we still clean up.
    detached: true,
  });
  const waiting = setTimeout(() => say(`waiting for another process that provides ${name}`), 1000);
  try {
    await Promise.race([
      once(holder.stdout, 'data'),
      once(holder, 'close').then(() => {
        throw new Error(`flock ${file}: ended before it held the lock`);
      }),
    ]).catch((cause: unknown) => {
      if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
      throw new Absent('flock(1) is not installed', 'It is part of util-linux.', { cause });
    });
  } finally {
    clearTimeout(waiting);
  }
  try {
    return await work();
  } finally {
    holder.stdin.end();
    await once(holder, 'close');
  }
}
