import type { PullAnswer } from '@btf-depot/contracts';
import { MISS_REASONS, type MissFrom, type PullState } from '@btf-depot/depot';

/** As clients are told; undefined: nothing is fetched. */
export function answerOf(state: PullState, now = Date.now()): PullAnswer | undefined {
  if (state.state === 'off') return undefined;
  if (state.state === 'queued') return { state: 'queued' };
  if (state.state === 'missed') {
    const misses = state.misses.map(({ upstream, reason, detail }) => ({
      upstream,
      reason,
      detail,
    }));
    return { state: 'missed', misses, until: new Date(state.until).toISOString() };
  }
  const { stage, upstream, done, total, since } = state.progress;
  const isKnown = done > 0 && total > 0;
  const left = isKnown ? ((now - since) / done) * (total - done) : undefined;
  return {
    state: 'running',
    stage,
    upstream,
    done,
    total: total > 0 ? total : undefined,
    secondsLeft: left === undefined ? undefined : Math.max(0, Math.round(left / 1000)),
  };
}

/** For people. */
export function sayPull({
  state,
  stage,
  upstream,
  done = 0,
  total,
  secondsLeft,
}: PullAnswer): string {
  if (state === 'queued') return 'it is about to be fetched from an upstream';
  if (stage === 'split') return `it was fetched from ${upstream}, and is being split`;
  if (stage !== 'download') return `${upstream ?? 'an upstream'} is asked for it`;
  const of = total === undefined ? '' : ` of ${total}`;
  const left = secondsLeft === undefined ? '' : `, ${secondsLeft} s left`;
  return `it is fetched from ${upstream}: ${done}${of} bytes${left}`;
}

export function sayMisses(misses: readonly MissFrom[]): string {
  return misses
    .map(({ upstream, reason, detail }) => `${upstream}: ${MISS_REASONS[reason].says} (${detail})`)
    .join('; ');
}

/** Whether an upstream may have it after all, and could not say so. */
export function mayPass(misses: readonly MissFrom[]): boolean {
  return misses.some(({ reason }) => MISS_REASONS[reason].passes);
}
