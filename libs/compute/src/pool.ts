import { availableParallelism } from 'node:os';
import { DepotError, packKernel, type Compressing, type Compute } from '@btf-depot/depot';
import { Piscina } from 'piscina';
import { overMemory } from './memory-guard.ts';
import type { Outcome, Results, Task, ThreadData } from './messages.ts';
import { Seats } from './seats.ts';
import { whileIdle } from './while-idle.ts';

export interface ComputePool extends Compute {
  /** The same threads, shared fairly among clients; all other work is the depot's own. */
  for(client: string): ClientCompute;
  /** Waits until running tasks have ended, then ends the threads. */
  close(): Promise<void>;
}

export interface ClientCompute extends Compute {
  /** @throws DepotError `busy` if so many files wait that no more of the client should come. */
  checkRoom(): void;
}

export interface ComputeLimits {
  /** Worker threads; each has one file at a time. */
  threads: number;
  /** Additional threads for clients that hold none: work on a thread cannot be interrupted. */
  spare: number;
  /** Milliseconds after which past use of threads counts half. */
  halfLife: number;
  /** Files that may wait for a thread. */
  waiting: number;
  /** Milliseconds that unpacking or splitting a file may take on its thread. */
  time: number;
  /** Bytes that a thread may hold. */
  memory: number;
}

export const COMPUTE_LIMITS: ComputeLimits = {
  threads: availableParallelism(),
  spare: 1,
  halfLife: 300_000,
  waiting: 16,
  time: 600_000,
  memory: 2 ** 30,
};

export interface ComputePoolOptions extends Partial<ComputeLimits> {
  /**
   * Called for errors that no caller gets: a thread that ended by itself, a result that came too
   * late.
   */
  onError: (error: Error) => void;
}

/**
 * Bytes by which V8's limit exceeds ours, which the work checks itself: a thread that starts with
 * too little, or allocates much at once, ends the process.
 */
const SLACK = 512 * 2 ** 20;

/**
 * Megabytes of V8's young generation. By default V8 uses 48 and more before it collects, and a
 * split 100 more in all, without being faster.
 */
const YOUNG = 24;

/** The client of work that no client asked for; no address and no owner is empty. */
const DEPOT = '';

/** Runs the depot's computations on worker threads, started on demand. */
export function createComputePool({ onError, ...given }: ComputePoolOptions): ComputePool {
  const limits = { ...COMPUTE_LIMITS, ...given };
  const seats = new Seats({ ...limits, seats: limits.threads });
  const pool = new Piscina<Task, Outcome<unknown>>({
    filename: new URL('./worker.ts', import.meta.url).href,
    minThreads: 0,
    maxThreads: limits.threads + limits.spare,
    idleTimeout: 30_000,
    // A split of two million types must end by itself: no work is interrupted for its duration
    // alone.
    closeTimeout: 600_000,
    workerData: { memoryLimit: limits.memory } satisfies ThreadData,
    resourceLimits: {
      maxOldGenerationSizeMb: Math.ceil((limits.memory + SLACK) / 2 ** 20),
      maxYoungGenerationSizeMb: YOUNG,
    },
  });
  // A result may arrive after its signal was aborted: without a listener, that would end the
  // process.
  pool.on('error', onError);

  /** An aborted signal ends the task with its thread. */
  async function run<Name extends Task['do']>(
    client: string,
    task: Task & { do: Name },
    signal: AbortSignal,
    time?: number,
  ): Promise<Results[Name]> {
    const leave = await seats.take(client, signal);
    const late = time === undefined ? undefined : AbortSignal.timeout(time);
    try {
      const ended = late ? AbortSignal.any([signal, late]) : signal;
      const outcome = await pool.run(task, { signal: ended });
      if ('refused' in outcome) throw new DepotError(outcome.refused.code, outcome.refused.detail);
      return outcome.value as Results[Name];
    } catch (error) {
      signal.throwIfAborted();
      if (late?.aborted)
        throw new DepotError('time-limit', `the work takes more than ${limits.time / 1000} s`);
      if (isOutOfMemory(error)) throw overMemory(limits.memory);
      throw error;
    } finally {
      leave();
    }
  }

  const computeFor = (client: string): ClientCompute => ({
    checkRoom: () => seats.checkRoom(client),
    unpack: async (part, path, folder, signal) => {
      seats.checkRoom(client);
      const task = { do: 'unpack' as const, part, path, folder };
      // A new client would have to share: idle threads help.
      return run(client, { ...task, threads: Math.max(seats.free, 1) }, signal, limits.time);
    },
    split: (paths, options, signal, progress) =>
      run(client, { do: 'split', paths, options, progress: progress?.memory }, signal, limits.time),
    verify: (parts, signal) => run(client, { do: 'verify', parts }, signal, limits.time),
    // No limits: the operator sets the number of compressors, and their input passed limits before.
    pack: (input, signal, progress) => {
      const compressAll = (carriers: readonly Compressing[]) => {
        let done = 0;
        const compress = async (carrier: Compressing) => {
          const packed = await run(client, { do: 'compress', carrier }, signal);
          progress?.tell(++done, carriers.length);
          return packed;
        };
        progress?.tell(done, carriers.length);
        return whileIdle(carriers, compress, () => seats.free > 0);
      };
      const make = () => run(client, { do: 'make', input }, signal);
      return packKernel(input, { make, compress: compressAll });
    },
  });
  return { ...computeFor(DEPOT), for: computeFor, close: () => pool.close() };
}

function isOutOfMemory(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 'ERR_WORKER_OUT_OF_MEMORY';
}
