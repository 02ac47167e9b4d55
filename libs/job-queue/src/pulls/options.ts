import { MISS_TIMES, type MissTimes } from './misses.ts';

export interface PullQueueOptions {
  /** Called for every failed attempt, and of every connection that breaks. */
  onError: (error: Error) => void;
  /** How often a pull that fails for a fault here is tried. */
  attempts?: number;
  /** Milliseconds before the second attempt; each later one waits twice as long. */
  backoffMs?: number;
  /** Most kernels that may wait; further ones are refused. */
  maxWaiting?: number;
  missTimes?: MissTimes;
}

export const PULL_QUEUE_DEFAULTS = {
  attempts: 3,
  backoffMs: 2000,
  maxWaiting: 1000,
  missTimes: MISS_TIMES,
} as const;

export function fullPullOptions<Options extends PullQueueOptions>(options: Options) {
  return { ...PULL_QUEUE_DEFAULTS, ...options };
}
