import { availableParallelism } from 'node:os';
import { DepotError, type Compute } from '@btf-depot/depot';
import { Piscina } from 'piscina';
import type { Outcome, Results, Task } from './messages.ts';

export interface ComputePool extends Compute {
  /** Lets running tasks end, then ends the threads. */
  close(): Promise<void>;
}

export interface ComputePoolOptions {
  /** Worker threads at most; by default one for each processor. */
  threads?: number;
  /** Told of what no caller is: a thread that ended by itself, a result that came too late. */
  onError: (error: Error) => void;
}

/** The depot's computations on worker threads, started as they are needed. */
export function createComputePool(options: ComputePoolOptions): ComputePool {
  const pool = new Piscina<Task, Outcome<unknown>>({
    filename: new URL('./worker.ts', import.meta.url).href,
    minThreads: 0,
    maxThreads: options.threads ?? availableParallelism(),
    idleTimeout: 30_000,
    // A split of two million types must end by itself: nothing may be cut because it takes long.
    closeTimeout: 600_000,
  });
  // The result of a task may arrive after its signal was aborted: without a listener that ends us.
  pool.on('error', options.onError);
  async function run<Name extends Task['do']>(
    task: Task & { do: Name },
    signal?: AbortSignal,
  ): Promise<Results[Name]> {
    signal?.throwIfAborted();
    let outcome: Outcome<unknown>;
    try {
      outcome = await pool.run(task, signal ? { signal } : {});
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
    if ('refused' in outcome) throw new DepotError(outcome.refused.code, outcome.refused.detail);
    return outcome.value as Results[Name];
  }
  return {
    unpack: (part, path, folder, signal) => run({ do: 'unpack', part, path, folder }, signal),
    split: (paths, splitOptions, signal) =>
      run({ do: 'split', paths, options: splitOptions }, signal),
    pack: (input, signal) => run({ do: 'pack', input }, signal),
    close: () => pool.close(),
  };
}
