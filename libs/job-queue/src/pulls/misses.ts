import { MISS_REASONS, type MissFrom } from '@btf-depot/depot';

/** A miss as it is remembered, and how often it was one in a row. */
export interface RememberedMiss {
  misses: readonly MissFrom[];
  until: number;
  times: number;
}

/** Milliseconds for which a miss is remembered: at first, and at most. */
export interface MissTimes {
  passing: { first: number; most: number };
  lasting: { first: number; most: number };
}

const MINUTE = 60_000;

/** What may pass by itself is asked again soon; what is not there comes with a new package. */
export const MISS_TIMES: MissTimes = {
  passing: { first: MINUTE / 2, most: 15 * MINUTE },
  lasting: { first: 10 * MINUTE, most: 24 * 60 * MINUTE },
};

/** Each further miss doubles the time. */
export function rememberMiss(
  misses: readonly MissFrom[],
  before: RememberedMiss | undefined,
  now: number,
  times = MISS_TIMES,
): RememberedMiss {
  const passes = misses.some(({ reason }) => MISS_REASONS[reason].passes);
  const { first, most } = passes ? times.passing : times.lasting;
  const count = (before?.times ?? 0) + 1;
  const wanted = Math.max(0, ...misses.map(({ retryAfter }) => retryAfter ?? 0));
  const ms = Math.max(Math.min(first * 2 ** (count - 1), most), wanted);
  return { misses, until: now + ms, times: count };
}
