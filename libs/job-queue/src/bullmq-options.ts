import { JOB_QUEUE_DEFAULTS, type JobQueueOptions } from './options.ts';
import type { RedisAddress } from './redis.ts';

export interface BullmqOptions extends JobQueueOptions, RedisAddress {
  /** Prefix of every key in Redis: depots that share a Redis need different ones. */
  prefix?: string;
  /** Milliseconds of a worker's silence after which its job goes to another one. */
  silenceMs?: number;
}

export const BULLMQ_DEFAULTS = {
  ...JOB_QUEUE_DEFAULTS,
  prefix: 'btf-depot',
  silenceMs: 30_000,
} as const;

/** With all defaults filled in. */
export type FullOptions = BullmqOptions &
  Required<Pick<BullmqOptions, keyof typeof BULLMQ_DEFAULTS>>;

/** Without ':', which separates the parts of a key. */
export const QUEUE_NAME = 'compress';
