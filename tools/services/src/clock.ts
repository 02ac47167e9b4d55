import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clockLibrary } from './programs.ts';

/** A clock that tests set, for processes that are started with its environment. */
export interface SettableClock {
  readonly environment: Record<string, string>;
  /** Puts it so many seconds before or behind the system's. The monotonic clock goes on as it was. */
  readonly set: (seconds: number) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Provides libfaketime, which stands between a process and the system's clock. Throws Absent. */
export async function startClock(): Promise<SettableClock> {
  const library = await clockLibrary();
  const folder = await mkdtemp(join(tmpdir(), 'btf-depot-clock-'));
  const file = join(folder, 'offset');
  const set = async (seconds: number) => {
    // Whoever reads it while it is written must not find half of it.
    await writeFile(`${file}.new`, `${seconds < 0 ? '' : '+'}${seconds}\n`);
    await rename(`${file}.new`, file);
  };
  await set(0);
  return {
    environment: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_CACHE_DURATION: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
    set,
    stop: () => rm(folder, { recursive: true }),
  };
}
