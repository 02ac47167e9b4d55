import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** How another process opens the store under test: `import(module)[opener](argument)`. */
export interface Elsewhere {
  /** URL of a module. */
  module: string;
  /** Name of its function that returns `{ blobs, records }` or a promise of them. */
  opener: string;
  /** JSON. */
  argument: unknown;
}

/** Tasks of the other process; see store-process.ts. */
export type Task =
  | { kind: 'put-blobs'; size: number; seeds: string[] }
  | { kind: 'increment'; buildId: string; times: number };

export interface TaskResult {
  /** put-blobs: for each seed, whether this process created the blob. */
  created: boolean[];
  /** increment: how often another writer was first. */
  conflicts: number;
}

export interface OtherProcess {
  /** Starts the task. The store is already open, so that several processes start together. */
  run(): Promise<TaskResult>;
  /** Ends it abruptly, like a power cut. */
  kill(): Promise<void>;
}

/** Starts a Node process that opens the store and waits for its task. */
export async function startElsewhere(elsewhere: Elsewhere, task: Task): Promise<OtherProcess> {
  const child = fork(new URL('./store-process.ts', import.meta.url), {
    execArgv: [],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  child.send({ elsewhere, task });
  await message(child);
  return {
    async run() {
      child.send('run');
      return (await message(child)) as TaskResult;
    },
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Runs one task in each of several processes at the same time. */
export async function runElsewhere(elsewhere: Elsewhere, tasks: Task[]): Promise<TaskResult[]> {
  const processes = await Promise.all(tasks.map((task) => startElsewhere(elsewhere, task)));
  try {
    return await Promise.all(processes.map((other) => other.run()));
  } finally {
    await Promise.all(processes.map((other) => other.kill()));
  }
}

/** Repeats a look until the race is over. @returns the race's result. */
export async function whileRunning<T>(race: Promise<T>, look: () => Promise<void>): Promise<T> {
  const running = { now: true };
  const end = (): void => {
    running.now = false;
  };
  void race.then(end, end);
  while (running.now) await look();
  return race;
}

/** The next message. The exit may be reported before the last message; the disconnect is not. */
function message(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const ended = (): void => reject(new Error('the other process ended early'));
    child.once('disconnect', ended);
    child.once('message', (value) => {
      child.off('disconnect', ended);
      resolve(value);
    });
  });
}
