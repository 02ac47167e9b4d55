import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string;
}

/**
 * A folder for temporary files. It is removed even if a signal ends the process: an unpacked kernel
 * takes hundreds of megabytes, perhaps of memory. Until it is disposed of, signals wait for the
 * current step.
 */
export async function temporaryFolder(): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), 'btfdepot-'));
  const onSignal = (signal: NodeJS.Signals) => {
    rmSync(path, { recursive: true, force: true });
    // Without our listener, the signal has its default effect.
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
