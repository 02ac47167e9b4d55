import type { Job } from '@btf-depot/contracts';

export interface Attempt {
  /** The queue gives the job up if this attempt fails. */
  last: boolean;
  /** Attempts whose process fell silent. */
  crashes: number;
}

/** Resolves when the job is done; after a rejection it is tried again, a few times. */
export type JobHandler = (job: Job, attempt: Attempt) => Promise<void>;

export interface JobWorker {
  /** Takes no new job, and resolves when running ones have ended. */
  close(): Promise<void>;
}

/**
 * Announces that a revision needs compressing. It may lose everything: the records have all work.
 */
export interface JobQueue {
  /**
   * Afterwards a job of this id waits, runs or will be retried. An existing one stays as it is; one
   * that ended (done, or given up) runs again. Fails fast if the queue cannot be reached.
   */
  add(job: Job): Promise<void>;
  /** @param options.concurrency jobs at one time, by default 1. */
  work(handle: JobHandler, options?: { concurrency?: number }): JobWorker;
  /** Numbers of jobs that wait, run, and wait to be retried. */
  counts(): Promise<Record<'waiting' | 'active' | 'delayed', number>>;
  /** Age in milliseconds of the job that waits longest; 0 if none waits. */
  longestWait(): Promise<number>;
  /** Rejects if the queue takes no jobs: for readiness. */
  check(): Promise<void>;
  /** Ends the connections; close workers first. */
  close(): Promise<void>;
}
