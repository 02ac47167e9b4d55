import { seconds, setting, type Settings } from './declare.ts';

/**
 * How a service leaves.
 * @param drain default; 0 for a service without a balancer.
 * @param grace default.
 */
export const leavingSettings = (drain: string, grace: string) => ({
  BTFDEPOT_DRAIN: setting(
    seconds,
    drain,
    'Time after SIGTERM in which the service still serves and says that it is not ready, so that ' +
      'balancers go elsewhere.',
  ),
  BTFDEPOT_GRACE: setting(
    seconds,
    grace,
    'Time after that for requests under way; then uploads are refused with 503, and ' +
      'other requests are cut.',
  ),
});

export type LeavingSettings = Settings<ReturnType<typeof leavingSettings>>;
