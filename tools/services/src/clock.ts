import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { clockLibrary } from './programs.ts';

/** Seconds for which a process caches the clock's offset. */
const KEPT = 1;

/** A clock that tests set, for processes that are started with its environment. */
export interface SettableClock {
  readonly environment: Record<string, string>;
  /**
   * Sets it that many seconds before or after the system's; resolves when every process has the new
   * time. The monotonic clock is unchanged.
   */
  readonly set: (seconds: number) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Provides libfaketime, which replaces a process's view of the system's clock. Throws Absent. */
export async function startClock(): Promise<SettableClock> {
  const library = await clockLibrary();
  const folder = await mkdtemp(join(tmpdir(), 'btf-depot-clock-'));
  const file = join(folder, 'offset');
  const write = async (seconds: number) => {
    // A reader must not find half of it.
    await writeFile(`${file}.new`, `${seconds < 0 ? '' : '+'}${seconds}\n`);
    await rename(`${file}.new`, file);
  };
  await write(0);
  return {
    environment: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_CACHE_DURATION: `${KEPT}`,
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
    set: async (seconds) => {
      await write(seconds);
      await sleep(KEPT * 1000 + 100);
    },
    stop: () => rm(folder, { recursive: true }),
  };
}
