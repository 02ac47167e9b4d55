import { availableParallelism } from 'node:os';
import {
  compressionsOf,
  DepotError,
  listArtifacts,
  type Compressing,
  type Compute,
} from '@btf-depot/depot';
import { Piscina } from 'piscina';
import { overMemory } from './memory-guard.ts';
import type { Outcome, Results, Task, ThreadData } from './messages.ts';
import { Seats } from './seats.ts';
import { whileIdle } from './while-idle.ts';

export interface ComputePool extends Compute {
  /** @throws DepotError `busy` where so many files wait that no more should come. */
  checkRoom(): void;
  /** Lets running tasks end, then ends the threads. */
  close(): Promise<void>;
}

export interface ComputeLimits {
  /** Worker threads at most; each has one file at a time. */
  threads: number;
  /** Files that may wait for a thread. */
  waiting: number;
  /** Milliseconds that unpacking or splitting a file may take on its thread. */
  time: number;
  /** Bytes that a thread may hold. */
  memory: number;
}

export const COMPUTE_LIMITS: ComputeLimits = {
  threads: availableParallelism(),
  waiting: 16,
  time: 600_000,
  memory: 2 ** 30,
};

export interface ComputePoolOptions extends Partial<ComputeLimits> {
  /** Told of what no caller is: a thread that ended by itself, a result that came too late. */
  onError: (error: Error) => void;
}

/**
 * Bytes by which V8's limit is above ours, which the work looks at itself: a thread that starts
 * with too little, or allocates much at once, takes the process with it.
 */
const SLACK = 512 * 2 ** 20;

/**
 * Megabytes for what was allocated lately. V8 would take 48 and more before it looks what of that is
 * still needed, and a split 100 more in all, without being faster.
 */
const YOUNG = 24;

/** The depot's computations on worker threads, started as they are needed. */
export function createComputePool({ onError, ...given }: ComputePoolOptions): ComputePool {
  const limits = { ...COMPUTE_LIMITS, ...given };
  const seats = new Seats(limits.threads, limits.waiting);
  const pool = new Piscina<Task, Outcome<unknown>>({
    filename: new URL('./worker.ts', import.meta.url).href,
    minThreads: 0,
    maxThreads: limits.threads,
    idleTimeout: 30_000,
    // A split of two million types must end by itself: nothing may be cut because it takes long.
    closeTimeout: 600_000,
    workerData: { memoryLimit: limits.memory } satisfies ThreadData,
    resourceLimits: {
      maxOldGenerationSizeMb: Math.ceil((limits.memory + SLACK) / 2 ** 20),
      maxYoungGenerationSizeMb: YOUNG,
    },
  });
  // The result of a task may arrive after its signal was aborted: without a listener that ends us.
  pool.on('error', onError);

  /** An aborted signal ends the task with its thread. */
  async function run<Name extends Task['do']>(
    task: Task & { do: Name },
    signal: AbortSignal,
    time?: number,
  ): Promise<Results[Name]> {
    const leave = await seats.take(signal);
    const late = time === undefined ? undefined : AbortSignal.timeout(time);
    try {
      const ended = late ? AbortSignal.any([signal, late]) : signal;
      const outcome = await pool.run(task, { signal: ended });
      if ('refused' in outcome) throw new DepotError(outcome.refused.code, outcome.refused.detail);
      return outcome.value as Results[Name];
    } catch (error) {
      signal.throwIfAborted();
      if (late?.aborted)
        throw new DepotError('time-limit', `not done after ${limits.time / 1000} s`);
      if (isOutOfMemory(error)) throw overMemory(limits.memory);
      throw error;
    } finally {
      leave();
    }
  }

  return {
    checkRoom: () => seats.checkRoom(),
    unpack: async (part, path, folder, signal) => {
      seats.checkRoom();
      const task = { do: 'unpack' as const, part, path, folder };
      // Whoever comes now would have to share: threads that are idle lend a hand.
      return run({ ...task, threads: Math.max(seats.free, 1) }, signal, limits.time);
    },
    split: (paths, options, signal, progress) =>
      run(
        { do: 'split', paths, options, ...(progress && { progress: progress.memory }) },
        signal,
        limits.time,
      ),
    // Compressors are as many as their operator says, and what they make was measured before.
    pack: async (input, signal, progress) => {
      const plain = await run({ do: 'make', input }, signal);
      const carriers = compressionsOf(plain, input.levels);
      let done = 0;
      const compress = async (carrier: Compressing) => {
        const packed = await run({ do: 'compress', carrier }, signal);
        progress?.tell(++done, carriers.length);
        return packed;
      };
      progress?.tell(done, carriers.length);
      const packed = await whileIdle(carriers, compress, () => seats.free > 0);
      return listArtifacts(input, plain, packed);
    },
    close: () => pool.close(),
  };
}

function isOutOfMemory(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 'ERR_WORKER_OUT_OF_MEMORY';
}
