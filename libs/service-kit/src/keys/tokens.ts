import { TokenGuard, type Clock, type TokenStore } from '@btf-depot/depot';
import { oneOf, seconds, setting, SettingsError, type Settings } from '../settings/declare.ts';

/** Settings of tokens. */
export const tokenSettings = {
  BTFDEPOT_TOKENS: setting(
    oneOf('off', 'uploads', 'all').optional(),
    undefined,
    'Requests that need a token: changes (`uploads`), or changes and reads (`all`). ' +
      'Unset, it is `off` on loopback; on other addresses a service that takes uploads does not start.',
  ),
  BTFDEPOT_TOKEN_AGE: setting(seconds, '5', 'How long a revoked token still works.'),
};

export interface Guards {
  /** For requests that change something. */
  writes?: TokenGuard | undefined;
  /** For everything but health. */
  reads?: TokenGuard | undefined;
}

/**
 * The guards by the settings.
 * @throws SettingsError if uploads would be open to other machines.
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
      `BTFDEPOT_HOST: other machines can reach ${host}, so uploads need tokens; ` +
        'set BTFDEPOT_TOKENS to uploads or all, and make a token with btfdepot token create',
    );
  }
  const guard = new TokenGuard(tokens, clock, settings.BTFDEPOT_TOKEN_AGE);
  return { writes: guard, reads: rule === 'all' ? guard : undefined };
}

/** Whether only this machine reaches an address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
