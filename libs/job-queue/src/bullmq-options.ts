import { JOB_QUEUE_DEFAULTS, type JobQueueOptions } from './options.ts';

export interface BullmqOptions extends JobQueueOptions {
  /** `redis://[user:password@]host:port[/db]`, or `rediss://`. */
  url: string;
  /** Of every key in Redis: depots that share a Redis differ in it. */
  prefix?: string;
  /** Milliseconds without word of its worker after which a job is given to another one. */
  silenceMs?: number;
}

export const BULLMQ_DEFAULTS = {
  ...JOB_QUEUE_DEFAULTS,
  prefix: 'btf-depot',
  silenceMs: 30_000,
} as const;

/** Without ':', which separates the parts of a key. */
export const QUEUE_NAME = 'compress';
