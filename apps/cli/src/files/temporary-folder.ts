import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string;
}

/**
 * A folder for what nobody needs afterwards. It goes with the process, too, where a signal ends
 * that: a kernel that was unpacked is some hundred megabytes, maybe of memory. Until it is disposed
 * of, signals wait for what runs at the moment.
 */
export async function temporaryFolder(): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), 'btfdepot-'));
  const onSignal = (signal: NodeJS.Signals) => {
    rmSync(path, { recursive: true, force: true });
    // No longer listened to, it does what it does by default.
    process.kill(process.pid, signal);
  };
  for (const signal of ENDING) process.once(signal, onSignal);
  return {
    path,
    async [Symbol.asyncDispose]() {
      for (const signal of ENDING) process.off(signal, onSignal);
      await rm(path, { recursive: true, force: true });
    },
  };
}
