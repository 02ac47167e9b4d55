import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs with a folder for what nobody needs afterwards. It goes with the process, too, where a
 * signal ends that: a kernel that was unpacked is some hundred megabytes, maybe of memory.
 */
export async function inTemporaryFolder<Result>(
  use: (folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'btfdepot-'));
  const onSignal = (signal: NodeJS.Signals) => {
    rmSync(folder, { recursive: true, force: true });
    // No longer listened to, it does what it does by default.
    process.kill(process.pid, signal);
  };
  for (const signal of ENDING) process.once(signal, onSignal);
  try {
    return await use(folder);
  } finally {
    for (const signal of ENDING) process.off(signal, onSignal);
    await rm(folder, { recursive: true });
  }
}
