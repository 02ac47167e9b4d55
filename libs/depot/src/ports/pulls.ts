import type { JobWorker } from './job-queue.ts';
import type { Miss } from './upstream.ts';

/** A kernel that nobody sent and somebody asked for. */
export interface PullJob {
  buildId: string;
  /** The depots that the request passed, this one not among them. */
  via: readonly string[];
  /** Fetched too if the kernel is there and has no variables. */
  variables?: boolean | undefined;
}

export interface PullProgress {
  stage: 'find' | 'download' | 'split';
  /** Whom it is asked of. */
  upstream?: string | undefined;
  /** The depots that it waits for, so that two that ask each other do not wait for ever. */
  waitsFor?: readonly string[] | undefined;
  /** Bytes of the file, or units of the split; `total` is 0 while that is not known. */
  done: number;
  total: number;
  /** When the stage began, in milliseconds since 1970. */
  since: number;
}

/** What an upstream answered that did not have it. */
export type MissFrom = Miss & { upstream: string };

export type PullState =
  | { state: 'queued' }
  | { state: 'running'; progress: PullProgress }
  /** `until`, in milliseconds since 1970, it is not asked for again. */
  | { state: 'missed'; misses: readonly MissFrom[]; until: number }
  /** Nobody here fetches anything. */
  | { state: 'off' };

export interface PullOptions {
  /** A miss that is remembered is forgotten. */
  again?: boolean | undefined;
  via?: readonly string[] | undefined;
  variables?: boolean | undefined;
}

/** Has kernels fetched from upstreams. All that it knows may be lost: asking again starts again. */
export interface Pulls {
  /** Has it fetched, unless that is under way, or was in vain a short while ago. */
  ask(buildId: string, options?: PullOptions): Promise<PullState>;
  /** The same without starting anything; undefined: nothing is known of it. */
  look(buildId: string): Promise<PullState | undefined>;
}

/** @returns what every upstream answered; `pulled`: the kernel is in the store. */
export type PullHandler = (
  job: PullJob,
  attempt: { signal: AbortSignal; onProgress: (progress: PullProgress) => void },
) => Promise<'pulled' | readonly MissFrom[]>;

/** A queue of its own: one job for each build ID, in however many processes it is asked for. */
export interface PullQueue extends Pulls {
  /** A rejection is tried again, a few times; a process that ends leaves its jobs to the others. */
  work(handle: PullHandler, options?: { concurrency?: number }): JobWorker;
  counts(): Promise<Record<'waiting' | 'active' | 'delayed', number>>;
  /** Ends the connections; workers are closed before. */
  close(): Promise<void>;
}
