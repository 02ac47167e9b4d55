import type { Job } from '@btf-depot/contracts';

export interface Attempt {
  /** The queue gives the job up when this attempt fails. */
  last: boolean;
  /** How often a process that worked on the job was not heard of again. */
  crashes: number;
}

/** Resolves when the job is done with; a rejection is tried again later, a few times. */
export type JobHandler = (job: Job, attempt: Attempt) => Promise<void>;

export interface JobWorker {
  /** Takes no new job, and resolves when those under way have ended. */
  close(): Promise<void>;
}

/** Says that a revision wants compressing. It may lose everything: the records know it all. */
export interface JobQueue {
  /**
   * Afterwards a job of this id is waiting, running or about to be tried again; one that is there
   * already stays as it is, one that ended (done, or given up) runs anew. Fails fast where the
   * queue cannot be reached.
   */
  add(job: Job): Promise<void>;
  /** @param options.concurrency jobs at one time, by default 1. */
  work(handle: JobHandler, options?: { concurrency?: number }): JobWorker;
  /** Of jobs that wait, that run, and that wait to be tried again. */
  counts(): Promise<Record<'waiting' | 'active' | 'delayed', number>>;
  /** Milliseconds since the job that waits longest was added; 0 if none waits. */
  longestWait(): Promise<number>;
  /** Rejects where the queue takes no jobs: for readiness. */
  check(): Promise<void>;
  /** Ends the connections; workers are closed before. */
  close(): Promise<void>;
}
