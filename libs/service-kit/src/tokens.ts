import { TokenGuard, type Clock, type TokenStore } from '@btf-depot/depot';
import { z } from 'zod';
import { seconds, SettingsError, type Settings } from './settings.ts';

const TOKEN_RULES = ['off', 'uploads', 'all'] as const;

/** Who may do what. */
export const tokenSettings = {
  /**
   * `uploads`: whoever changes something needs a token; `all`: whoever reads does too. By default
   * `off` on loopback; elsewhere a service that takes uploads wants it said, and not `off`.
   */
  BTFDEPOT_TOKENS: z.enum(TOKEN_RULES).optional(),
  /** How long a token is good after it was revoked. */
  BTFDEPOT_TOKEN_AGE: seconds.prefault('5'),
};

export interface Guards {
  /** For what changes something. */
  writes?: TokenGuard;
  /** For everything but health. */
  reads?: TokenGuard;
}

/**
 * The guards that the settings ask for.
 * @throws SettingsError where uploads would be open to more than this machine.
 */
export function tokenGuards(
  settings: Settings<typeof tokenSettings> & { BTFDEPOT_HOST: string },
  takes: 'uploads' | 'nothing',
  tokens: TokenStore,
  clock: Clock,
): Guards {
  const { BTFDEPOT_TOKENS: rule = 'off', BTFDEPOT_HOST: host } = settings;
  if (rule === 'off') {
    if (takes === 'nothing' || isLoopback(host)) return {};
    throw new SettingsError(
      `BTFDEPOT_HOST: ${host} is reached from other machines, so uploads need tokens: ` +
        'set BTFDEPOT_TOKENS to uploads or all, and make one with btfdepot token create',
    );
  }
  const guard = new TokenGuard(tokens, clock, settings.BTFDEPOT_TOKEN_AGE);
  return { writes: guard, ...(rule === 'all' && { reads: guard }) };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
